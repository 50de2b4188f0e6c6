import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    """The whole application on uvicorn, as in production; gives its host and port."""
    from config.asgi import application

    config = uvicorn.Config(
        application, port=0, lifespan="off", log_config=None, proxy_headers=False
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.005)
    host, port = running.servers[0].sockets[0].getsockname()
    yield f"{host}:{port}"
    running.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()
