"""Who may sign in, and with what: the only writers of users and of ended tokens.

Tokens are not stored. One that ends before it expires (rotated, signed out) is
put on simplejwt's blacklist by its id, without the token itself; a family, all
that descends from one sign-in, is ended in the same way by the family's id.
A new password, or disabling the user, ends all tokens of the user without a write
of its own, and enabling brings none back: see `User.token_stamp`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.claims import Claims, RefreshToken, TokenInvalid, token_claims, tokens_sign
from accounts.events import Ended, Ending, announce_end, tell_end
from accounts.limits import Attempt, Limit
from accounts.models import Role, UntoldEnd, User
from accounts.selectors import has_ended, user_for_claims, username_taken
from rest.errors import ApiError

ADDRESS_FACTOR = 5  # many people may share one address
EVERYWHERE_FACTOR = 10  # and as many addresses it takes to lock somebody out
REGISTRATION_FACTOR = 6
FLUSH_BATCH = 5000
TELL_BATCH = 500
_LEEWAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived access token and the refresh token that buys the next pair.

    `refresh` is None where the client already has the newer one.
    """

    access: str
    refresh: str | None


def user_register(*, username: str, password: str, email: str = "", address: str) -> User:
    """A new user of role `user`.

    Errors: ValidationError by field (name taken in any case, password too weak …),
    429 `throttled` for too many from one address.
    """
    allowed = settings.LOGIN_ATTEMPTS_PER_MINUTE * REGISTRATION_FACTOR
    Attempt(Limit("register", address, allowed))
    user = User(username=User.normalize_username(username), email=email)
    _check_new_user(user, password)
    try:
        with transaction.atomic():
            return User.objects.create_user(username, email, password)
    except IntegrityError as error:  # somebody else took the name in this moment
        raise _name_taken() from error


def sign_in(*, username: str, password: str, address: str) -> User:
    """The user whose name and password these are.

    Unknown name, wrong password and disabled user give the same answer after the
    same time: Django hashes the password in each case. The strict limit is for a name
    from one address, or anybody could lock anybody out. Errors: 401
    `not_authenticated`, 429 `throttled`.
    """
    allowed = settings.LOGIN_ATTEMPTS_PER_MINUTE
    # As Postgres folds them, or each spelling of one name had tries of its own.
    name = User.normalize_username(username).replace("İ", "i").casefold()
    attempt = Attempt(
        Limit("account", f"{address} {name}", allowed),
        Limit("address", address, allowed * ADDRESS_FACTOR),
        Limit("everywhere", name, allowed * EVERYWHERE_FACTOR),
    )
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise ApiError(401, "not_authenticated", "Username or password is wrong.")
    attempt.forget_all("account")
    attempt.give_back("address", "everywhere")
    return user


def password_change(*, user: User, old_password: str, new_password: str) -> None:
    """Set a new password; every token of the user ends.

    Errors: ValidationError by field, 429 `throttled`.
    """
    attempt = Attempt(Limit("password", str(user.pk), settings.LOGIN_ATTEMPTS_PER_MINUTE))
    if not user.check_password(old_password):
        raise ValidationError({"old_password": ["This is not the password."]})
    attempt.forget_all("password")
    try:
        validate_password(new_password, user)
    except ValidationError as error:
        raise ValidationError({"new_password": error.messages}) from error
    password_set(user=user, password=new_password)


def password_set(*, user: User, password: str | None) -> None:
    """Set a password that was checked before, or none; every token of the user ends."""
    user.set_password(password)
    user.save(update_fields=["password"])
    if password is None:  # of a password that is gone, Django tells nobody: see `passwords`
        announce_end(Ended(user.pk, Ending.PASSWORD_CHANGED))


def user_create(*, user: User) -> None:
    """Save a new user whose fields and password were checked before."""
    models.Model.save(user)  # AbstractBaseUser's tells of a new password: a first ends nothing


def user_update(*, user: User, fields: Collection[str]) -> None:
    """Write these fields; every token of a user who is disabled ends, for good.

    Nothing else is written: what was read with them, a password perhaps, may be old by now.
    """
    user.save(update_fields=fields)
    if "is_active" in fields and not user.is_active:
        announce_end(Ended(user.pk, Ending.DISABLED))


@transaction.atomic
def users_delete(*, users: QuerySet[User]) -> None:
    """Delete them with all that is theirs; every token of theirs ends."""
    ended = [Ended(key, Ending.DISABLED) for key in users.values_list("pk", flat=True)]
    users.delete()
    announce_end(*ended)


def tokens_issue(*, user: User, after: Claims | None = None) -> TokenPair:
    """A pair for a user who has just proved who they are; writes nothing."""
    return TokenPair(*tokens_sign(user_id=user.pk, stamp=user.token_stamp, after=after))


def tokens_refresh(*, raw: str, grace_seconds: float = 0.0) -> TokenPair:
    """A new pair for a refresh token, which ends with that.

    A token that was used before is in two hands, one of them a thief's: its whole
    family ends. Within `grace_seconds` of its first use it is only late (tabs that
    share a cookie, an answer that was lost) and gets the same refresh token again, so
    that there are never two to go on with; an access token alone once that is used. A
    thief is found out who does not keep step with that. Errors: TokenInvalid, TokenExpired.
    """
    claims = token_claims(raw, RefreshToken)
    user = user_for_claims(claims)
    if has_ended(claims.family):
        raise TokenInvalid("The token is not valid any more.")
    used_at = _end(claims.jti, user_id=user.pk, expires_at=claims.expiry)
    pair = tokens_issue(user=user, after=claims)
    if used_at is None:
        return pair
    if timezone.now() - used_at <= timedelta(seconds=grace_seconds):
        return TokenPair(pair.access, None) if has_ended(claims.next_jti) else pair
    _end_family(claims.family, user_id=user.pk)
    raise TokenInvalid("The token was used before. Sign in again.")


def tokens_end(*, raw: str) -> None:
    """Sign out: the refresh token and its whole family end.

    What is no token is ended already, and so is that of a user who was disabled.
    """
    try:
        claims = token_claims(raw, RefreshToken)
        user = user_for_claims(claims)
    except TokenInvalid:
        return
    _end_family(claims.family, user_id=user.pk)


def expired_tokens_flush() -> int:
    """Delete what is on the blacklist and expired anyway, in batches; returns how many."""
    expired = OutstandingToken.objects.filter(expires_at__lt=timezone.now() - _LEEWAY)
    deleted = 0
    while keys := list(expired.order_by().values_list("pk", flat=True)[:FLUSH_BATCH]):
        with transaction.atomic():
            BlacklistedToken.objects.filter(token_id__in=keys).delete()
            OutstandingToken.objects.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted


def expired_sessions_flush() -> None:
    """Delete what has expired of the admin site's sessions; each sign-in there leaves one."""
    SessionStore.clear_expired()


def untold_ends_tell() -> int:
    """Tell of all that ended past this module, in a shell or in psql; returns how many.

    And once more of what was told at once. Each at least once: what cannot be told, for
    which this raises what the channel layer raises, is told by the next call.
    """
    told = 0
    while count := _untold_ends_tell_some():
        told += count
    return told


@transaction.atomic
def _untold_ends_tell_some() -> int:
    untold = list(UntoldEnd.objects.select_for_update(skip_locked=True).order_by("pk")[:TELL_BATCH])
    if not untold:
        return 0
    tell_end(*(Ended(each.user_id, Ending(each.ending)) for each in untold))
    UntoldEnd.objects.filter(pk__in=[each.pk for each in untold]).delete()
    return len(untold)


def user_ensure(*, username: str, password: str, role: Role, is_superuser: bool) -> bool:
    """Make the user unless the name exists, whose password then stays; True if made.

    Errors: ValidationError for a password that is too weak.
    """
    if username_taken(username):
        return False
    validate_password(password, User(username=username))
    User.objects.create_user(username, "", password, role=role, is_superuser=is_superuser)
    return True


def _check_new_user(user: User, password: str) -> None:
    problems: dict[str, list[str]] = {}
    try:
        user.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        problems.update(error.message_dict)
    try:
        validate_password(password, user)
    except ValidationError as error:
        problems["password"] = error.messages
    if problems:
        raise ValidationError(problems)
    if username_taken(user.username):
        raise _name_taken()


def _name_taken() -> ValidationError:
    return ValidationError({"username": ["This name is taken."]})


def _end_family(family: str, *, user_id: int) -> None:
    _end(family, user_id=user_id, expires_at=timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME)
    announce_end(Ended(user_id, Ending.SIGNED_OUT, family))


@transaction.atomic
def _end(token_id: str, *, user_id: int, expires_at: datetime) -> datetime | None:
    """Blacklist an id. When it was ended before: the time of that.

    Both rows appear in one transaction and the id is unique: of two at the same
    time the second waits for the first, and learns that it came second.
    """
    token, _ = OutstandingToken.objects.get_or_create(
        jti=token_id,
        defaults={"user_id": user_id, "token": "", "expires_at": expires_at},
    )
    ended, is_new = BlacklistedToken.objects.get_or_create(token=token)
    return None if is_new else ended.blacklisted_at
