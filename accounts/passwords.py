"""What follows from a new password, whichever way it is set."""

from typing import Any

from accounts.events import Ended, Ending, announce_end


class EndsSignIns:
    """Stands among the validators of passwords, and lets each pass.

    Django tells them of every password that it has saved: from our services, from its own
    forms in the admin site, from `manage.py changepassword` and from a shell.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """No rule."""

    def get_help_text(self) -> str:
        return "A new password signs out whoever is signed in with the old one."

    def password_changed(self, password: str, user: Any = None) -> None:
        """Whatever the user has open ends; their tokens do so by themselves."""
        announce_end(Ended(user.pk, Ending.PASSWORD_CHANGED))
