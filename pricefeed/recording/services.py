"""Recording: ticks become committed quotes and history. Nothing else writes prices."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from django.db import connection, transaction

from pricefeed.models import Feed
from pricefeed.partitions import ensure_partitions_of
from pricefeed.recording.unknown import UnknownTicks
from pricefeed.ticks import Tick
from securities.models import Quote, Security
from securities.money import MAX_PRICE, SMALLEST_PRICE
from securities.selectors import securities_by_tickers

_unknown = UnknownTicks()

_COPY_TICKS = "COPY pricefeed_tick (security_id, at, sequence, price) FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = ("int8", "timestamptz", "int8", "numeric")

_UPSERT_QUOTES = """
INSERT INTO securities_quote AS quote
       (security_id, price, previous_close, updated_at, sequence)
SELECT * FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::bigint[])
    ON CONFLICT (security_id) DO UPDATE
   SET price = excluded.price,
       previous_close = excluded.previous_close,
       updated_at = excluded.updated_at,
       sequence = excluded.sequence
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one call committed: the counter before and after, and the quotes that changed.

    The quotes are the newest of each security, ordered by sequence.
    """

    epoch: uuid.UUID
    after: int
    upto: int
    tick_count: int
    quotes: list[tuple[Security, Quote]]


@dataclass(slots=True)
class _Ledger:
    """One security's part of a batch: where its quote stands, and the ticks to be kept."""

    security: Security
    quote: Quote | None
    is_changed: bool = False

    def take(self, tick: Tick, sequence: int) -> bool:
        """Whether the tick says something new; a newer one becomes the quote."""
        quote = self.quote
        if quote is not None:
            if tick.at < quote.updated_at:
                return True  # late: it belongs into the history, but is not the newest price
            if tick.price == quote.price and tick.previous_close in {None, quote.previous_close}:
                return False
        self.quote = Quote(
            security_id=self.security.pk,
            price=tick.price,
            previous_close=_previous_close(quote, tick),
            updated_at=tick.at,
            sequence=sequence,
        )
        self.is_changed = True
        return True


def record(ticks: Sequence[Tick]) -> Recorded:
    """Commit ticks: append them to the history, update the quotes that changed, in one transaction.

    Each recorded tick gets the next number of the counter, in the order given, and
    numbers become visible in their order: the counter's row is locked until the commit.
    Left out are unknown tickers (the log says how many) and inactive ones, prices out
    of range, and ticks that repeat the newest price.
    """
    with transaction.atomic():
        feed = Feed.objects.select_for_update().get()
        securities = securities_by_tickers({tick.ticker for tick in ticks})
        ledgers = _open_ledgers(securities)
        numbers = count(feed.sequence + 1)
        number = next(numbers)
        rows: list[tuple[int, datetime, int, Decimal]] = []
        for tick in ticks:
            ledger = ledgers.get(tick.ticker)
            if ledger is not None and _in_range(tick.price) and ledger.take(tick, number):
                rows.append((ledger.security.pk, tick.at, number, tick.price))
                number = next(numbers)
        after, upto = feed.sequence, feed.sequence + len(rows)
        changed = [ledger for ledger in ledgers.values() if ledger.is_changed]
        if rows:
            ensure_partitions_of({at.astimezone(UTC).date() for _, at, _, _ in rows})
            _append_ticks(sorted(rows))
            _write_quotes(ledger.quote for ledger in changed if ledger.quote)
            Feed.objects.update(sequence=upto)
    _unknown.add(tick.ticker for tick in ticks if tick.ticker not in securities)
    quotes = [(ledger.security, ledger.quote) for ledger in changed if ledger.quote is not None]
    quotes.sort(key=lambda pair: pair[1].sequence)
    return Recorded(feed.epoch, after, upto, len(rows), quotes)


def begin_epoch(recorded: Recorded) -> Recorded:
    """Give the counter a new life from here on: its numbers have been used before.

    So it is after a restored backup, or a failover that lost commits. Whoever compares
    sequences starts over with the epoch.
    """
    epoch = uuid.uuid4()
    Feed.objects.update(epoch=epoch)
    return replace(recorded, epoch=epoch)


def _open_ledgers(securities: Mapping[str, Security]) -> dict[str, _Ledger]:
    return {
        ticker: _Ledger(security, getattr(security, "quote", None))
        for ticker, security in securities.items()
        if security.is_active
    }


def _in_range(price: Decimal) -> bool:
    return price.is_finite() and SMALLEST_PRICE <= price <= MAX_PRICE


def _previous_close(quote: Quote | None, tick: Tick) -> Decimal:
    """As the source says; else yesterday's last price, which stays for the (UTC) day."""
    if tick.previous_close is not None:
        return tick.previous_close
    if quote is None:
        return tick.price
    is_new_day = quote.updated_at.astimezone(UTC).date() < tick.at.astimezone(UTC).date()
    return quote.price if is_new_day else quote.previous_close


def _append_ticks(rows: Iterable[tuple[int, datetime, int, Decimal]]) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY_TICKS) as copy:
        copy.set_types(_COPY_TYPES)
        for row in rows:
            copy.write_row(row)


def _write_quotes(quotes: Iterable[Quote]) -> None:
    columns = zip(
        *(
            (each.security_id, each.price, each.previous_close, each.updated_at, each.sequence)
            for each in quotes
        ),
        strict=True,
    )
    values = [list(column) for column in columns]
    if values:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT_QUOTES, values)
