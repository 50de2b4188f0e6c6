"""The ASGI application: Django for HTTP, Channels for WebSocket."""

import os

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()  # before anything that imports models

from config.routing import websocket  # noqa: E402
from rest.limits import BodyLimit  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(
            http,
            api_bytes=settings.REQUEST_BODY_LIMIT,
            other_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        ),
        "websocket": websocket,
    }
)
