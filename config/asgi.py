"""The ASGI application: Django for HTTP, Channels' consumers for WebSocket."""

import os
from collections.abc import Awaitable
from typing import Any

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)  # before anything that imports models

from config.handler import Handler  # noqa: E402
from config.routing import websocket  # noqa: E402
from rest.limits import BodyLimit  # noqa: E402


class ByProtocol:
    """As Channels' ProtocolTypeRouter, but it hands over instead of waiting (see config.door)."""

    _asgi_single_callable = True  # what asgiref looks for where `__call__` is no coroutine function

    def __init__(self, **applications: Any) -> None:
        self._applications = applications

    def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        application = self._applications.get(scope["type"])
        if application is None:
            raise ValueError(f"We do not speak {scope['type']}.")
        made: Awaitable[None] = application(scope, receive, send)
        return made


application = ByProtocol(
    http=BodyLimit(
        Handler(),
        api_bytes=settings.REQUEST_BODY_LIMIT,
        other_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        bytes_by_path={"/api/v1/prices": settings.PRICES_BODY_LIMIT},
    ),
    websocket=websocket,
)
