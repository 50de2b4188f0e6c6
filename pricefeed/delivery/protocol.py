"""What clients may say, typed; anything else is refused, never ignored. And how often we speak."""

from typing import NamedTuple

import msgspec

MAX_MESSAGE_BYTES = 4096
HEARTBEAT_SECONDS = 25
"""No socket hears nothing for longer."""


class Since(msgspec.Struct, forbid_unknown_fields=True):
    """What a returning client has seen."""

    epoch: str
    sequence: int


class Auth(msgspec.Struct, tag="auth", forbid_unknown_fields=True):
    """Who is speaking; where to go on."""

    token: str
    since: Since | None = None


class Ping(msgspec.Struct, tag="ping", forbid_unknown_fields=True):
    """Answered with `pong`."""


class BadMessage(NamedTuple):
    """Why a message was refused, in one sentence."""

    message: str


_decoder: msgspec.json.Decoder[Auth | Ping] = msgspec.json.Decoder(Auth | Ping)


def parse(text: str) -> Auth | Ping | BadMessage:
    """One client message."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return BadMessage(str(error))
