"""Django's handler of HTTP requests, with all of a request in one thread and in one go."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class Handler(ASGIHandler):
    """Middleware and views run synchronously, as they are written.

    By itself Django would have every middleware that can be asynchronous go back to the
    event loop, and from there to a thread again for its synchronous half: a dozen hops, which
    take more than most requests.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        answer: Any = sync_to_async(self.get_response, thread_sensitive=True)
        response: HttpResponseBase = await answer(request)
        return response
