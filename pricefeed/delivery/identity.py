"""Who a socket belongs to, as the delivery of prices knows it: accounts are somebody else's."""

from collections.abc import Hashable
from typing import Protocol


class Identity(Hashable, Protocol):
    """A user, by which sign-in (`family`), and until when (seconds since 1970)."""

    @property
    def user_id(self) -> int: ...
    @property
    def family(self) -> str: ...
    @property
    def expires_at(self) -> float: ...


class TokenRefused(Exception):
    """A token that opens nothing; an expired one may be replaced by its owner."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("expired" if is_expired else "invalid")
        self.is_expired = is_expired
