import signal
import threading
from collections.abc import Callable

import pytest

from config import uvicorn_server
from config.server import open_listener, server_on
from config.uvicorn_server import Server


@pytest.mark.parametrize(
    "tell",
    [Server.stop, Server.replaced, lambda server: server.handle_exit(signal.SIGTERM, None)],
    ids=["stop", "replaced", "signal"],
)
def test_who_is_told_to_stop_does_not_wait_for_the_next_tick(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, tell: Callable[[Server], None]
) -> None:
    monkeypatch.setattr(uvicorn_server, "_TICK_SECONDS", 3600.0)
    with open_listener("127.0.0.1", 0) as listener:
        server = server_on(listener)
        serving = threading.Event()
        server.on_serving = serving.set
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert serving.wait(20)
        tell(server)
        thread.join(timeout=20)
    assert not thread.is_alive()
