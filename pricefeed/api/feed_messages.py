"""What becomes of a feeder's messages: taken in their order, and each answered."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import structlog
from django.core.exceptions import PermissionDenied

from pricefeed.api.permission import Pusher
from pricefeed.api.prices import claim_of
from pricefeed.delivery import wire
from pricefeed.pushed import messages_push, ticks_push
from pricefeed.sources.pushed.streams import Answer
from rest.errors import ApiError, as_api_error

log = structlog.get_logger(__name__)


class _Keyed(msgspec.Struct, forbid_unknown_fields=True):
    """Ticks with the sender's name for them."""

    key: str
    ticks: msgspec.Raw


class _MeantAsKeyed(msgspec.Struct):
    """Whatever else is wrong with it, it is no tick."""

    ticks: msgspec.Raw


class _Message(NamedTuple):
    ticks: bytes
    claim: str | None = None


class _Trouble(NamedTuple):
    """Why nothing was taken of a message; or why nobody knows whether."""

    code: str
    message: str
    retry_after_ms: int | None = None


_Outcome = Answer | _Trouble

_keyed, _meant_as_keyed = msgspec.json.Decoder(_Keyed), msgspec.json.Decoder(_MeantAsKeyed)
_NOT_READ = (msgspec.DecodeError, UnicodeEncodeError, RecursionError)


def answers(texts: Sequence[str | None], *, pusher: Pusher, before: int) -> list[str]:
    """Take the ticks of messages, and say what became of them, in frames to be sent in this order.

    `before` is the number of the message before the first; None is one that was no text.
    An `ack` covers all messages since the frame before it; one that has refused ticks, or
    of which nothing was taken, has a frame of its own. Raises PermissionDenied, with nothing
    taken, where the pusher may not push any more.
    """
    read = _unless_away([_read(text, pusher.user_id) for text in texts], pusher)
    frames: list[str] = []
    accepted, is_owed = 0, False
    for number, outcome in enumerate(_outcomes(read), start=before + 1):
        if isinstance(outcome, Answer) and not outcome.refused:
            accepted, is_owed = accepted + outcome.accepted, True
            continue
        if is_owed:
            frames.append(_ack(number - 1, Answer(b"", accepted, [])))
        accepted, is_owed = 0, False
        frames.append(
            _ack(number, outcome) if isinstance(outcome, Answer) else _error(number, outcome)
        )
    if is_owed:
        frames.append(_ack(before + len(texts), Answer(b"", accepted, [])))
    return frames


def _read(text: str | None, user_id: int) -> _Message | _Trouble:
    if text is None:
        return _Trouble("bad_message", "Messages are text, not bytes.")
    try:
        keyed = _keyed.decode(text)
    except _NOT_READ:
        return _without_key(text)
    try:
        return _Message(bytes(keyed.ticks), claim_of(user_id, keyed.key, field="key"))
    except ApiError as error:
        return _trouble(error)


def _unless_away(read: list[_Message | _Trouble], pusher: Pusher) -> list[_Message | _Trouble]:
    """The same; where Postgres cannot say whether they may be taken, that is their trouble."""
    try:
        pusher.check()
    except PermissionDenied:
        raise
    except Exception as error:  # noqa: BLE001  a bug of ours is raised again
        trouble = _trouble(_refusal(error))
        return [trouble if isinstance(each, _Message) else each for each in read]
    return read


def _without_key(text: str) -> _Message | _Trouble:
    try:
        _meant_as_keyed.decode(text)
    except _NOT_READ:
        return _Message(text.encode())
    return _Trouble("invalid", "Besides ticks there must be a key, a text, and nothing else.")


def _outcomes(messages: Sequence[_Message | _Trouble]) -> Iterator[_Outcome]:
    """Of each, in order; those without a key that follow each other are taken in one go."""
    plain: list[bytes] = []
    for each in messages:
        if isinstance(each, _Message) and each.claim is None:
            plain.append(each.ticks)
            continue
        yield from _taken(plain)
        plain = []
        if isinstance(each, _Message):
            yield from _taken([each.ticks], each.claim)
        else:
            yield each
    yield from _taken(plain)


def _taken(messages: Sequence[bytes], claim: str | None = None) -> Iterator[_Outcome]:
    """Of several, or of the one that has this claim."""
    pushed: Sequence[Answer | ApiError] = ()
    try:
        if claim is not None:
            pushed = [ticks_push(messages[0], claim=claim)]
        elif messages:
            pushed = messages_push(messages)
    except Exception as error:  # noqa: BLE001  a bug of ours is raised again
        pushed = [_refusal(error)] * len(messages)
    for each in pushed:
        yield each if isinstance(each, Answer) else _trouble(each)


def _refusal(error: Exception) -> ApiError:
    """What the sender is told of it; a bug of ours is raised again."""
    refusal = as_api_error(error)
    if refusal is None:
        raise error
    if refusal.code == "unavailable":
        log.warning("feed_unavailable", cause=error)
    return refusal


def _trouble(error: ApiError) -> _Trouble:
    problems = [text for texts in (error.fields or {}).values() for text in texts]
    retry = error.headers.get("Retry-After")
    message = " ".join(problems) or error.message
    return _Trouble(error.code, message, None if retry is None else 1000 * int(retry))


def _ack(number: int, answer: Answer) -> str:
    # Without sentences: ten thousand of them are more than many a library reads in one message.
    refused = [{"index": index, "code": code} for index, code in answer.refused]
    return wire.frame("ack", messages=number, accepted=answer.accepted, refused=refused)


def _error(number: int, trouble: _Trouble) -> str:
    retry: dict[str, Any] = {}
    if trouble.retry_after_ms is not None:
        retry["retry_after_ms"] = trouble.retry_after_ms
    return wire.frame("error", code=trouble.code, message=trouble.message, messages=number, **retry)
