"""Who may, where a view has no rule of its own."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request


class SignedIn(IsAuthenticated):
    """Only the signed in; but which methods there are is no secret."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method == "OPTIONS" or super().has_permission(request, view)
