"""Every WebSocket address."""

from channels.routing import URLRouter
from django.urls import URLPattern

routes: list[URLPattern] = []
websocket = URLRouter(routes)
