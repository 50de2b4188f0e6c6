"""Reads of users."""

from collections.abc import Iterable

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.claims import Claims, TokenInvalid, token_claims
from accounts.models import User


def user_for_claims(claims: Claims) -> User:
    """The active user a verified token speaks for; one query. Errors: TokenInvalid."""
    found = users_for_claims([claims])
    if not found:
        raise TokenInvalid("The token is not valid any more.")
    return found[claims]


def users_for_claims(claims: Iterable[Claims]) -> dict[Claims, User]:
    """Those verified tokens that still count, with the active users they speak for; one query."""
    wanted = list(claims)
    users = User.objects.filter(is_active=True).in_bulk([each.user_id for each in wanted])
    return {
        each: user
        for each in wanted
        if (user := users.get(each.user_id)) is not None
        and constant_time_compare(user.token_stamp, each.stamp)
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
    return BlacklistedToken.objects.filter(token__jti=family).exists()
