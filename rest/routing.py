"""Addresses that work with and without a trailing slash."""

from django.urls import URLPattern, re_path
from rest_framework.views import APIView


def endpoint(pattern: str, view: type[APIView], name: str | None = None) -> URLPattern:
    """A route for a regular expression such as `auth/login`; the slash after it is optional."""
    route: URLPattern = re_path(rf"^{pattern}/?$", view.as_view(), name=name)
    return route
