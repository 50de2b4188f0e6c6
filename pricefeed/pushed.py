"""Pushed ticks: taken from feeders, so that recorders find them in Redis."""

from collections.abc import Sequence
from hashlib import sha256

from django.utils import timezone

from pricefeed import recorders
from pricefeed.columns import TickColumns, joined
from pricefeed.sources.pushed.figures import count
from pricefeed.sources.pushed.judging import Refusals, TimeRange, judged
from pricefeed.sources.pushed.message import Decoded, PushedTick, decode
from pricefeed.sources.pushed.streams import Answer, streams
from pricefeed.sources.pushed.tickers import KnownTickers
from rest.errors import ApiError

_tickers = KnownTickers()


class KeyReused(ApiError):
    """The key names another message. Over REST: 422 `idempotency_key_reused`."""

    def __init__(self) -> None:
        super().__init__(
            422, "idempotency_key_reused", "This Idempotency-Key was used with another body."
        )


def ticks_push(message: bytes, *, claim: str | None = None) -> Answer:
    """Take the ticks of a message that can be taken; they wait in Redis to be recorded.

    `claim` is a name that the sender gave it: one that comes again gets the first
    answer, and nothing is taken twice. Raises Malformed, WrongShape, KeyReused, Busy, and
    what Redis raises when it is away.
    """
    fingerprint = sha256(message).digest()
    if claim and (said := streams().answered(claim)):
        return _same(said, fingerprint)
    ((ticks, refused),) = _judged([decode(message)])
    return _same(_taken(ticks, Answer(fingerprint, len(ticks), refused), claim), fingerprint)


def messages_push(messages: Sequence[bytes]) -> list[Answer | ApiError]:
    """As `ticks_push`, of several messages in one go: what can be taken of all, or nothing.

    An answer for each, or why it cannot be read. Raises Busy, and what Redis raises.
    """
    decoded = [_read(message) for message in messages]
    readable = _judged([each for each in decoded if not isinstance(each, ApiError)])
    refused = [each for _, of_one in readable for each in of_one]
    ticks = joined([ticks for ticks, _ in readable])
    _taken(ticks, Answer(b"", len(ticks), refused))
    answers = (Answer(b"", len(ticks), refused) for ticks, refused in readable)
    return [each if isinstance(each, ApiError) else next(answers) for each in decoded]


def columns_push(ticks: TickColumns) -> None:
    """Take ticks that need no judging, all or none. Raises Busy, and what Redis raises."""
    _taken(ticks, Answer(b"", len(ticks), []))


def _taken(ticks: TickColumns, answer: Answer, claim: str | None = None) -> Answer:
    """Let them wait in Redis; the answer that counts, which may have been given before."""
    appended = streams().append(ticks, answer, claim=claim)
    if not appended.is_repeat:
        count(refused=[code for _, code in answer.refused], dropped=appended.dropped)
    recorders.recorders_ask_for(appended.partitions)
    return appended.answer


def _read(message: bytes) -> Sequence[Decoded] | ApiError:
    try:
        return decode(message)
    except ApiError as error:
        return error


def _judged(messages: Sequence[Sequence[Decoded]]) -> list[tuple[TickColumns, Refusals]]:
    """What is taken and what is refused of each, with one look for all their tickers."""
    ticks = (each for message in messages for each in message)
    known = _tickers.find_all({each.ticker for each in ticks if isinstance(each, PushedTick)})
    now = TimeRange.at(timezone.now())
    return [judged(message, find=known.__getitem__, times=now) for message in messages]


def _same(answer: Answer, fingerprint: bytes) -> Answer:
    if answer.fingerprint != fingerprint:
        raise KeyReused
    return answer
