"""`manage.py createusers`: the users a fresh installation is looked at with."""

import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role
from accounts.services import user_ensure

USERS = (
    ("demo", "DEMO_PASSWORD", Role.USER, False),
    ("staff", "STAFF_PASSWORD", Role.STAFF, True),
)


class Command(BaseCommand):
    """Safe to run again."""

    help = "Make the users demo and staff with DEMO_PASSWORD and STAFF_PASSWORD; existing ones stay"

    def handle(self, *args: Any, **options: Any) -> None:
        for username, variable, role, is_superuser in USERS:
            self.stdout.write(f"{username}: {_ensure(username, variable, role, is_superuser)}")


def _ensure(username: str, variable: str, role: Role, is_superuser: bool) -> str:
    password = os.environ.get(variable, "")
    if not password:
        return f"skipped, {variable} is not set"
    try:
        made = user_ensure(
            username=username, password=password, role=role, is_superuser=is_superuser
        )
    except ValidationError as error:
        raise CommandError(f"{variable} is refused: {' '.join(error.messages)}") from None
    return "created" if made else "exists, keeps its password"
