"""HTTP requests, from the ASGI application to the answer."""

import threading
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse

from config.asgi import application
from config.handler import Handler

MOST_HOPS = 3  # Django's own, before a request and after it, and ours between


async def get(path: str, app: Any = application) -> int:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    client = ApplicationCommunicator(app, scope)
    await client.send_input({"type": "http.request", "body": b"", "more_body": False})
    return int((await client.receive_output(10))["status"])


async def test_a_request_changes_threads_a_few_times_however_many_middlewares_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hops: list[Any] = []
    original = SyncToAsync.__call__

    async def counted(self: Any, *args: Any, **named: Any) -> Any:
        hops.append(self.func)
        return await original(self, *args, **named)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    assert await get("/health") == 200
    assert 1 <= len(hops) <= MOST_HOPS


async def test_a_request_is_not_answered_in_the_thread_of_the_event_loop() -> None:
    threads: list[int] = []

    class Handles(Handler):
        def get_response(self, request: HttpRequest) -> HttpResponse:
            threads.append(threading.get_ident())
            return HttpResponse(status=204)

    assert await get("/anything", Handles()) == 204
    assert threads != [threading.get_ident()]
    assert len(threads) == 1


async def test_what_is_not_there_is_a_404_also_here() -> None:
    assert await get("/api/v1/nothing") == 404
