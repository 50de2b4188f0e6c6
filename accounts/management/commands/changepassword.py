"""`manage.py changepassword NAME`: Django's command, for accounts whose sockets may be open."""

from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts.events import Ended, Ending, announce_end
from accounts.models import User


class Command(changepassword.Command):
    """Django's; and what the user has open ends, as with any new password."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        username = options["username"] or getuser()
        said: str | None = super().handle(*args, **{**options, "username": username})
        announce_end(Ended(User.objects.get(username=username).pk, Ending.PASSWORD_CHANGED))
        return said
