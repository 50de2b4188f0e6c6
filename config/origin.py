"""Sockets are opened by our own screen, by programs, and by the origins that CORS_ORIGINS names.

A browser lets any page open a socket to any server, and says in `Origin` which page
it was: without this check a page could use an address that only its visitor reaches.
Programs send no `Origin`.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

_REFUSAL = json.dumps(
    {"code": "origin_not_allowed", "message": "Pages of this origin may not open sockets here."}
).encode()


class OriginGuard:
    """Answers the handshake of a page that is not ours with 403, before any socket exists."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        origins = _headers(scope, b"origin")
        if not origins or (len(origins) == 1 and _is_allowed(origins[0], scope)):
            return self._application(scope, receive, send)
        return _refuse(scope, receive, send)


def _is_allowed(origin: str, scope: dict[str, Any]) -> bool:
    return origin in settings.CORS_ALLOWED_ORIGINS or _is_ours(origin, scope)


def _is_ours(origin: str, scope: dict[str, Any]) -> bool:
    """Whether the page came from the host that it now connects to, and that host is us.

    TLS may have ended in front of us, so https is believed; http under wss is another origin.
    """
    scheme, _, host = origin.lower().partition("://")
    if scheme not in ({"https"} if scope["scheme"] == "wss" else {"http", "https"}):
        return False
    domain, _ = split_domain_port(host)
    own = [each.lower() for each in _headers(scope, b"host")]
    return own == [host] and validate_host(domain, settings.ALLOWED_HOSTS)


def _headers(scope: dict[str, Any], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


async def _refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()  # the handshake
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})  # which the server makes a 403
        return
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": _REFUSAL})
