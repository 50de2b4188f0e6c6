"""The lines that say which request began and how it ended."""

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from rest.address import client_address


class RequestLog(RequestMiddleware):
    """django-structlog's, without what follows the `?`, where some put their token.

    The address is the one that limits count by: one that nobody can make up.
    """

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(ip=client_address(request))
