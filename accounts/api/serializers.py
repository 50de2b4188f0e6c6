"""What the sign-in endpoints take and give."""

from typing import Any

from rest_framework import serializers

from accounts.models import Role
from rest.serializers import StrictSerializer

PASSWORD_MAX = 128


class Password(serializers.CharField):
    """Taken as it is, spaces and all; never given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=PASSWORD_MAX, trim_whitespace=False, write_only=True, **options)


class RegisterInput(StrictSerializer):
    """A new account; whether name and password will do is the service's to say."""

    username = serializers.CharField(max_length=150)
    password = Password()
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)


class LoginInput(StrictSerializer):
    """Name, in any case, and password."""

    username = serializers.CharField(max_length=150)
    password = Password()


class RefreshInput(StrictSerializer):
    """Without `refresh` the cookie is meant, see `transport`."""

    refresh = serializers.CharField(required=False, max_length=4096)


class ChangePasswordInput(StrictSerializer):
    """The old password proves that the one who asks is not just at an open screen."""

    old_password = Password()
    new_password = Password()


class UserOutput(serializers.Serializer[Any]):
    """What a user sees of themselves."""

    id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(read_only=True)
    email = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)


class TokensOutput(serializers.Serializer[Any]):
    """`refresh` is left out when it travels as a cookie."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(required=False)


class SessionOutput(TokensOutput):
    """Tokens, and whose they are."""

    user = UserOutput(read_only=True)
