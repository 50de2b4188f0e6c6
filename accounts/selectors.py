"""Reads of users."""

from collections.abc import Hashable, Iterable
from typing import Protocol, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.claims import Claims, TokenInvalid, token_claims
from accounts.models import User, token_stamp

_LIVING = """
SELECT session.place, account.password, account.disabling_id
FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS session (user_id, family, place)
JOIN accounts_user AS account ON account.id = session.user_id
WHERE account.is_active
    AND NOT EXISTS (
        SELECT FROM token_blacklist_blacklistedtoken AS ended
        JOIN token_blacklist_outstandingtoken AS token ON token.id = ended.token_id
        WHERE token.jti = session.family
    )
"""


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
    """Those sign-ins that have not ended in any way; one query for all of them.

    Stricter than `user_for_claims`: a sign-out ends them, too, though they are not expired.
    """
    wanted = list(claims)
    users, families = [each.user_id for each in wanted], [each.family for each in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_LIVING, (users, families))
        found = [(wanted[place - 1], token_stamp(*since)) for place, *since in cursor.fetchall()]
    return {each for each, stamp in found if constant_time_compare(stamp, each.stamp)}


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


def has_ended(token_id: str) -> bool:
    """Of a family: whether it was signed out, or ended because one of its tokens was used twice.

    Of a refresh token: whether it has been used.
    """
    return BlacklistedToken.objects.filter(token__jti=token_id).exists()
