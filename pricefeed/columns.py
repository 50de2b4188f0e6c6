"""Ticks as columns: how thousands of them are kept, sent and recorded at once.

Amounts are whole millionths (securities keep six decimals) and times whole
microseconds since 1970 (UTC), so nothing is rounded on the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from typing import Self

import numpy as np
from numpy.typing import NDArray

from securities.money import MAX_PRICE, PRICE_DECIMALS, SMALLEST_PRICE

Column = NDArray[np.int64]

DAY = 86_400_000_000  # microseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=40, rounding=ROUND_HALF_UP)
_ROW = np.dtype([("security", "<i8"), ("at", "<i8"), ("price", "<i8")])

_quantize, _scaleb = _EXACT.quantize, _EXACT.scaleb  # looked up once: they run for every tick


@dataclass(frozen=True, slots=True)
class TickColumns:
    """Ticks in the order in which they arrived.

    `at` is negative for a tick without a time of its own: it arrived at `-at`, and is
    never late. `previous_close` is None where no tick has one, and 0 where one has none.
    """

    security: Column
    at: Column
    price: Column
    previous_close: Column | None = None

    def __len__(self) -> int:
        return len(self.security)

    @classmethod
    def of(cls, security: Sequence[int], at: Sequence[int], price: Sequence[int]) -> Self:
        """From lists of ids, microseconds and millionths."""
        return cls(*(np.array(each, np.int64) for each in (security, at, price)))

    def where(self, mask: NDArray[np.bool_] | Column) -> "TickColumns":
        """Those chosen by a mask, or by their places."""
        given = None if self.previous_close is None else self.previous_close[mask]
        return TickColumns(self.security[mask], self.at[mask], self.price[mask], given)

    def pack(self) -> bytes:
        """24 bytes a tick: id, time and price, little-endian. Without previous closes."""
        rows = np.empty(len(self), _ROW)
        rows["security"], rows["at"], rows["price"] = self.security, self.at, self.price
        return rows.tobytes()


def unpack(packed: bytes) -> TickColumns:
    """What `pack` has packed, once or several times in a row."""
    rows = np.frombuffer(packed, _ROW)
    return TickColumns(*(rows[name].astype(np.int64) for name in ("security", "at", "price")))


def joined(columns: Sequence[TickColumns]) -> TickColumns:
    """One after the other. Without previous closes."""
    if not columns:
        return TickColumns.of([], [], [])
    names = ("security", "at", "price")
    return TickColumns(*(np.concatenate([getattr(c, name) for c in columns]) for name in names))


def packed_size(ticks: TickColumns) -> int:
    """Bytes that they take, packed."""
    return len(ticks) * _ROW.itemsize


def packed_length(packed: bytes) -> int:
    """How many ticks are in there."""
    return len(packed) // _ROW.itemsize


def is_in_range(price: Decimal) -> bool:
    """Whether it is a price; by comparing alone: to convert 1E+999990 takes half a minute."""
    return price.is_finite() and SMALLEST_PRICE <= price <= MAX_PRICE


def millionths(price: Decimal) -> int:
    """A price that is in range, exactly. Raises Inexact for one with more than six decimals."""
    return int(_scaleb(_quantize(price, SMALLEST_PRICE), PRICE_DECIMALS))


HIGHEST = millionths(MAX_PRICE)


def rounded_millionths(price: Decimal) -> int:
    """A price that is in range, rounded as Postgres would."""
    return int(_ROUNDING.quantize(price, SMALLEST_PRICE).scaleb(PRICE_DECIMALS))


def decimal_of(amount: int) -> Decimal:
    """The price of so many millionths."""
    return Decimal(amount).scaleb(-PRICE_DECIMALS)


def microseconds(moment: datetime) -> int:
    """Of an aware time, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(at: int) -> datetime:
    """The time of so many microseconds."""
    return _EPOCH + timedelta(microseconds=at)
