"""Who may push prices: feeders and staff."""

import time
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

_PERMISSION = "pricefeed.push_prices"
LOOKED_UP_FOR_SECONDS = 4.0


class MayPush(BasePermission):
    """Asked with each request; which methods there are is no secret."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method == "OPTIONS" or (
            bool(request.user.is_authenticated) and request.user.has_perm(_PERMISSION)
        )


class Pusher:
    """Who pushes over a socket; what was looked up counts for LOOKED_UP_FOR_SECONDS."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self._may_until = 0.0

    def check(self) -> None:
        """Raises PermissionDenied for who may not, and what Postgres raises when it is away."""
        now = time.monotonic()
        if now < self._may_until:
            return
        user = get_user_model().objects.filter(pk=self.user_id).first()
        if user is None or not user.has_perm(_PERMISSION):
            raise PermissionDenied
        self._may_until = now + LOOKED_UP_FOR_SECONDS
