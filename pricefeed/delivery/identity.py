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


class SignInEnded(Exception):
    """Of a token that is good in itself: its user has signed out, or may not go on at all."""
