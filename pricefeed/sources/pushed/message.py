"""What feeders send, decoded: JSON to typed ticks, one bad tick apart from its neighbours."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from rest.errors import INVALID, ApiError

MOST_TICKS = 10_000
"""In one message."""


At = int | Annotated[datetime, msgspec.Meta(tz=True)] | None
"""Milliseconds since 1970, or RFC 3339 with its zone; None: now."""


class PushedTick(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One tick. Its price is still JSON: `amounts` reads those of a whole message at once."""

    ticker: str
    price: msgspec.Raw
    at: At = None


class Malformed(ApiError):
    """The message is no JSON. Over REST: 400 `malformed`."""

    def __init__(self) -> None:
        super().__init__(400, "malformed", "The body is not valid JSON.")


class WrongShape(ApiError):
    """It is JSON, but not a tick or a list of them. Over REST: 400 `invalid`."""

    def __init__(self, problem: str) -> None:
        super().__init__(400, "invalid", INVALID, fields={"body": [problem]})


Decoded = PushedTick | str
"""A tick, or the code of what is wrong with it."""

_all = msgspec.json.Decoder(PushedTick | list[PushedTick])
_each = msgspec.json.Decoder(list[msgspec.Raw])
_one = msgspec.json.Decoder(PushedTick)
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BAD_TIME = "`$.at`"


def decode(message: bytes) -> Sequence[Decoded]:
    """The ticks of a message, in its order. Raises Malformed, WrongShape."""
    try:
        decoded = _all.decode(message)
    except _NO_JSON:
        decoded = _one_by_one(message)
    ticks = decoded if isinstance(decoded, list) else [decoded]
    _require_few(ticks)
    return ticks


def _one_by_one(message: bytes) -> list[Decoded]:
    """Something is wrong somewhere: the whole, or single ticks."""
    try:
        found = msgspec.json.decode(message, type=msgspec.Raw)
        raw = bytes(found).lstrip()
        if raw.startswith(b"{"):
            return [_decoded(raw)]
        if raw.startswith(b"["):
            each_raw = _each.decode(raw)
            _require_few(each_raw)  # first: what is wrong with each takes a while to say
            return [_decoded(each) for each in each_raw]
    except _NO_JSON:
        raise Malformed from None
    raise WrongShape("Expected a tick or a list of ticks.")


def _require_few(ticks: Sequence[object]) -> None:
    if len(ticks) > MOST_TICKS:
        raise WrongShape(f"At most {MOST_TICKS:,} ticks at a time.")


def _decoded(raw: bytes | msgspec.Raw) -> Decoded:
    try:
        return _one.decode(raw)
    except msgspec.ValidationError as error:
        return "bad_time" if str(error).endswith(_BAD_TIME) else "malformed"
    except _NO_JSON:
        return "malformed"
