"""Users and their roles."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin, UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone


class Role(models.TextChoices):
    """What a user may do beyond keeping a watchlist."""

    USER = "user", "User"
    STAFF = "staff", "Staff: manages securities"
    FEEDER = "feeder", "Feeder: may push prices"


class User(AbstractBaseUser, PermissionsMixin):
    """A person or a program that signs in."""

    username = models.CharField(
        max_length=150, unique=True, validators=[UnicodeUsernameValidator()]
    )
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.USER)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager["User"]()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    @property
    def is_staff(self) -> bool:
        """May open the admin site."""
        return self.role == Role.STAFF or self.is_superuser
