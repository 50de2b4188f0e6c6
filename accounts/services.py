"""Who may sign in, and with what: the only writers of users and of revoked tokens."""

from dataclasses import dataclass

from accounts.claims import tokens_sign
from accounts.models import User


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived access token and the refresh token that buys the next pair."""

    access: str
    refresh: str


def tokens_issue(*, user: User, family: str | None = None) -> TokenPair:
    """A pair for a user who has just proved who they are; writes nothing."""
    return TokenPair(*tokens_sign(user_id=user.pk, stamp=user.token_stamp, family=family))
