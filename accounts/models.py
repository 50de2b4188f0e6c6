"""Users and their roles."""

import hmac
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac


class Role(models.TextChoices):
    """What a user may do beyond keeping a watchlist."""

    USER = "user", "User"
    STAFF = "staff", "Staff: manages securities"
    FEEDER = "feeder", "Feeder: may push prices"


class UserManager(BaseUserManager["User"]):
    """Makes users; finds them by name whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user of that name; Postgres folds both sides, so its index is used."""
        folded = Lower(models.Value(self.model.normalize_username(username or "")))
        return self.alias(folded=Lower("username")).get(folded=folded)

    def create_user(
        self, username: str, email: str = "", password: str | None = None, **fields: Any
    ) -> "User":
        """Save a user; without a password nobody can sign in as them."""
        user = self.model(
            username=self.model.normalize_username(username),
            email=self.normalize_email(email),
            password=make_password(password),  # a first one ends nothing
            **fields,
        )
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str = "", password: str | None = None, **fields: Any
    ) -> "User":
        """What `manage.py createsuperuser` calls."""
        fields = {"role": Role.STAFF, **fields, "is_superuser": True}
        return self.create_user(username, email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person or a program that signs in."""

    username = models.CharField(
        max_length=150, unique=True, validators=[UnicodeUsernameValidator()]
    )
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.USER)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    # Names the last time the user was disabled. A trigger writes it: see docs/adr/0018.
    disabling_id = models.CharField(
        max_length=36, blank=True, default="", db_default="", editable=False
    )

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        constraints = (
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_any_case",
                violation_error_message="This name is taken.",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="user_role_known"
            ),
        )

    @property
    def is_staff(self) -> bool:
        """May open the admin site."""
        return self.role == Role.STAFF or self.is_superuser

    @property
    def token_stamp(self) -> str:
        """Stands in every token; a new password and a disabling change it and so end them all."""
        return token_stamp(self.password, self.disabling_id)

    def get_session_auth_hash(self) -> str:
        """Django's, for sessions of the admin site; a disabling ends these, too."""
        return super().get_session_auth_hash() + self.disabling_id

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Staff manage securities, see watchlists and anomalies; feeders push prices."""
        return self._role_grants(perm) or super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the admin site shows that app at all."""
        return self._role_grants(f"{app_label}.view_") or super().has_module_perms(app_label)

    def _role_grants(self, perm: str) -> bool:
        if not self.is_active:
            return False
        if perm == "pricefeed.push_prices":
            return self.role in {Role.FEEDER, Role.STAFF}
        if self.role != Role.STAFF:
            return False
        return perm.startswith(("securities.", "watchlists.view_", "pricefeed.view_"))


class UntoldEnd(models.Model):
    """All sign-ins of a user have ended, and whoever keeps a connection has yet to be told.

    Triggers in Postgres write it with what ended them: see docs/adr/0019.
    """

    id = models.BigAutoField(primary_key=True)
    user_id = models.BigIntegerField()  # who may be deleted by now
    ending = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"user {self.user_id}: {self.ending}"


def token_stamp(encoded_password: str, disabling_id: str) -> str:
    """The stamp of tokens that count until there is another password or another disabling."""
    stamper = _stamper(settings.SECRET_KEY).copy()
    stamper.update((encoded_password + disabling_id).encode())
    return stamper.hexdigest()[:32]


@lru_cache(maxsize=1)
def _stamper(secret_key: str) -> hmac.HMAC:
    """Made once, for the reason why `claims` keeps its signer; it has not stamped a thing yet."""
    return salted_hmac("accounts.token", "", secret_key, algorithm="sha256")
