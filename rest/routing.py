"""Addresses that work with and without a trailing slash."""

from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.views import APIView


def endpoint(pattern: str, view: type[APIView], name: str | None = None) -> URLPattern:
    """A route for a regular expression such as `auth/login`; the slash after it is optional."""
    as_view: Any = view.as_view()
    return re_path(rf"^{pattern}/?$", as_view, name=name)
