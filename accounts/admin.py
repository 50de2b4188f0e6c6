"""Users and roles in the admin site."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    UserChangeForm,
)
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.services import password_set, sign_in, user_create, user_update, users_delete
from rest.address import client_address
from rest.errors import ApiError

RELATED = {"groups", "user_permissions"}  # Django writes them, after the user
POWERS = ("role", "is_superuser", "groups", "user_permissions")


class LimitedLogin(AdminAuthenticationForm):
    """The admin site's sign-in, with the limits of the API's and counted together with it."""

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            address = client_address(self.request) if self.request else "unknown"
            try:
                user = sign_in(username=name, password=password, address=address)
            except ApiError as refusal:
                raise ValidationError(refusal.message) from refusal
            self.confirm_login_allowed(user)
            self.user_cache = user
        return self.cleaned_data


admin.site.login_form = LimitedLogin


class UserCreation(AdminUserCreationForm):  # type: ignore[type-arg]  # only stubs are generic
    """Django's form, for our model."""

    class Meta(AdminUserCreationForm.Meta):
        model = User


class UserChange(UserChangeForm):  # type: ignore[type-arg]
    """Django's form, for our model; what has changed is told from what the page has shown.

    By itself Django tells it from what is stored now: whoever was disabled since the page was
    opened would be enabled by its ticked box.
    """

    class Meta(UserChangeForm.Meta):
        model = User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() - RELATED - {"password"}:
            is_told = not self.is_bound or self.add_initial_prefix(name) in self.data
            self.fields[name].show_hidden_initial = is_told


class PasswordChange(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Django's form; the user's open connections end."""

    def save(self, commit: bool = True) -> Any:
        is_usable = self.cleaned_data["set_usable_password"]
        password_set(user=self.user, password=self.cleaned_data["password1"] if is_usable else None)
        return self.user


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Only a superuser hands out powers, or touches another superuser.

    A new password ends that user's tokens, and so does disabling them: both are looked
    at with every request, and enabling brings no token back.
    """

    form = UserChange
    add_form = UserCreation
    change_password_form = PasswordChange
    list_display = ("username", "email", "role", "is_active", "is_superuser", "date_joined")
    list_filter = ("role", "is_active", "is_superuser")
    search_fields = ("username", "email")
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "email")}),
        ("What they may do", {"fields": ("is_active", *POWERS)}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, *(() if _is_superuser(request) else POWERS))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            user_update(user=obj, fields=set(form.changed_data) - RELATED)
        else:
            user_create(user=obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        users_delete(users=User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users_delete(users=queryset)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, obj: Any) -> bool:
    return _is_superuser(request) or not getattr(obj, "is_superuser", False)
