"""How much a request may bring, enforced before Django reads any of it."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from rest.errors import ApiError, error_response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Any  # ASGI frameworks annotate theirs each in their own way

CLOSE_ABOVE = 32 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: 413 for a body that is too large.

    Django would spool the whole body to memory or disk first. A declared length
    is refused at once, unread; a body of unknown length (chunked) is read up to
    `api_bytes` and handed on with its length, since REST framework takes a
    request without one for empty. Addresses under /api that need more are named in
    `bytes_by_path`, without a slash at the end.

    Refused bodies up to CLOSE_ABOVE are let run out, so that clients which send
    first and read later see the answer; beyond it the connection is closed.
    """

    def __init__(
        self,
        app: Application,
        *,
        api_bytes: int,
        other_bytes: int,
        bytes_by_path: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._api_bytes, self._other_bytes = api_bytes, other_bytes
        self._bytes_by_path = bytes_by_path or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        path = scope["path"].rstrip("/")
        api_limit = self._bytes_by_path.get(path, self._api_bytes)
        limit = api_limit if path.startswith("/api") else self._other_bytes
        length = _number(headers.get(b"content-length", b""))
        if length is not None and length > limit:
            await _refuse(send, limit, close=length > CLOSE_ABOVE)
        elif b"transfer-encoding" in headers:
            await self._buffered(scope, receive, send, api_limit)
        else:
            await self._app(scope, receive, send)

    async def _buffered(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client has gone
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                await _refuse(send, limit, close=True)
                return
        length = (b"content-length", str(len(body)).encode())
        await self._app(
            {**scope, "headers": [*scope["headers"], length]}, _replay(bytes(body), receive), send
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() else None


async def _refuse(send: Send, limit: int, *, close: bool) -> None:
    error = ApiError(413, "too_large", f"The body may have at most {limit} bytes.")
    response = error_response(error)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
