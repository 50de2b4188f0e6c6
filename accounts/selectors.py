"""Reads of users."""

from collections.abc import Hashable, Iterable
from typing import Protocol, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.claims import Claims, TokenInvalid, token_claims
from accounts.models import User, token_stamp


def user_for_claims(claims: Claims) -> User:
    """The active user a verified token speaks for; one query. Errors: TokenInvalid."""
    user = User.objects.filter(is_active=True, pk=claims.user_id).first()
    if user is None or not constant_time_compare(user.token_stamp, claims.stamp):
        raise TokenInvalid("The token is not valid any more.")
    return user


class SignIn(Hashable, Protocol):
    """What a verified token says of the sign-in that it descends from."""

    @property
    def user_id(self) -> int: ...
    @property
    def family(self) -> str: ...
    @property
    def stamp(self) -> str: ...


Session = TypeVar("Session", bound=SignIn)


def living_sessions(claims: Iterable[Session]) -> set[Session]:
    """Those sign-ins that have not ended in any way; two queries for all of them.

    Stricter than `user_for_claims`: a sign-out ends them, too, though they are not expired.
    """
    wanted = list(claims)
    users = User.objects.filter(is_active=True, pk__in={each.user_id for each in wanted})
    stamps = {pk: token_stamp(password) for pk, password in users.values_list("pk", "password")}
    ended = _ended_families({each.family for each in wanted})
    return {
        each
        for each in wanted
        if each.user_id in stamps
        and constant_time_compare(stamps[each.user_id], each.stamp)
        and each.family not in ended
    }


def user_for_token(raw_access: str) -> User:
    """The active user an access token speaks for; one query.

    Errors: TokenInvalid (also when the user was disabled or changed the password
    since), TokenExpired.
    """
    return user_for_claims(token_claims(raw_access))


def username_taken(username: str) -> bool:
    """Whether somebody has that name, in whatever case."""
    folded = Lower(Value(AbstractBaseUser.normalize_username(username)))
    return User.objects.alias(folded=Lower("username")).filter(folded=folded).exists()


def family_ended(family: str) -> bool:
    """Whether that sign-in was signed out, or ended because one of its tokens was used twice."""
    return bool(_ended_families({family}))


def _ended_families(families: Iterable[str]) -> set[str]:
    ended = BlacklistedToken.objects.filter(token__jti__in=families)
    return set(ended.values_list("token__jti", flat=True))
