"""What a close code asks of a client: the table of docs/protocol.md."""

import re
from enum import Enum

BROKEN = 1006
BAD_MESSAGE, BAD_TOKEN, UNKNOWN_TICKER, NO_AUTHENTICATION = 4000, 4001, 4004, 4008
TOO_MANY = 4029
GOING_AWAY, TOKEN_EXPIRED = 4100, 4101

_SIGN_IN_ENDED = {
    4005: "You signed out.",
    4006: "The password was changed.",
    4007: "The account was disabled.",
}
_REASONS = {
    1012: "the server is being restarted",
    4008: "the network is too slow to sign in",
    4100: "the server is being restarted",
    4101: "the token has expired",
    4103: "the server is overloaded",
}
# At most six digits: no server sends anybody away for longer than a quarter of an hour.
_HINT = re.compile(r"\bretry_after_ms=(\d{1,6})\b", re.ASCII)


class Verdict(Enum):
    """What to do next."""

    COME_BACK = "come back"
    RENEW_TOKEN = "renew the token"  # noqa: S105
    SIGN_IN = "sign in"
    STOP = "stop"


def verdict_of(code: int) -> Verdict:
    """4000–4099 say *do not come back as you are*; all others are no reason to stay away."""
    if code in {BAD_TOKEN, TOKEN_EXPIRED}:
        return Verdict.RENEW_TOKEN
    if code in _SIGN_IN_ENDED:
        return Verdict.SIGN_IN
    if code == NO_AUTHENTICATION or not BAD_MESSAGE <= code < 4100:
        return Verdict.COME_BACK
    return Verdict.STOP


def sign_in_ended(code: int) -> str:
    return _SIGN_IN_ENDED.get(code, "Your sign-in has ended.")


def reason_of(code: int) -> str:
    """For people, as the end of a sentence."""
    return _REASONS.get(code, "the connection broke")


def hint_seconds(code: int, reason: str) -> float | None:
    """When a server that goes away wants us back; None where it does not say."""
    found = _HINT.search(reason) if code == GOING_AWAY else None
    return int(found[1]) / 1000 if found else None
