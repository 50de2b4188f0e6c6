"""The web server: `python -m config.server` runs uvicorn on a listening socket of our own.

We open the socket ourselves for its options: a small send buffer, so that a
client that does not read is noticed after kilobytes instead of megabytes, and a
TCP_USER_TIMEOUT, so that the kernel gives up on one that has vanished. Accepted
sockets inherit both. With WEB_PROCESSES above 1 this process only opens the
socket and minds that many others, which serve it.
"""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import structlog
import uvicorn
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

try:
    from config.asgi import application  # sets Django up, so it comes before what needs models
except ImproperlyConfigured as wrong:
    sys.exit(f"Tickwatch cannot start: {wrong}")

from pricefeed.delivery.protocol import MAX_MESSAGE_BYTES
from pricefeed.delivery.running import stop_hub
from pricefeed.delivery.transport import PriceSocketProtocol

SEND_BUFFER_BYTES = 16 * 1024
VANISHED_CLIENT_MS = 15_000
PING_SECONDS = 20.0
BACKLOG = 4096
_LISTENER_VARIABLE = "TICKWATCH_LISTENER_FD"
_LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn, but its sockets are told when to come back before they are closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, say *going away* to every socket, then shut down as uvicorn does."""
        for server in self.servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.WEB_GRACE_SECONDS / 2):
                await stop_hub()
        await super().shutdown(sockets)


def open_listener(host: str, port: int) -> socket.socket:
    """The listening socket; raises OSError where the address is not to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_CLIENT_MS)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def server_on(listener: socket.socket) -> Server:
    """The server of the whole application on a listening socket."""
    config = uvicorn.Config(
        application,
        fd=listener.fileno(),
        backlog=BACKLOG,
        loop="uvloop",
        http="httptools",
        ws=PriceSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=settings.BEHIND_PROXY,
        forwarded_allow_ips="*" if settings.BEHIND_PROXY else None,
        timeout_graceful_shutdown=settings.WEB_GRACE_SECONDS,
    )
    return Server(config)


def serve(listener: socket.socket) -> None:
    """Serve until a signal says to stop; what is under way has WEB_GRACE_SECONDS to end."""
    # A tick makes and drops objects by the thousand, beside very many that stay: at Python's
    # thresholds the collector would be looking through them all the time.
    gc.set_threshold(50_000, 20, 100)
    server_on(listener).run(sockets=[listener])


class Processes:
    """The serving processes: started, started again when one dies, stopped together.

    Each holds the reading end of a pipe of ours, so that it notices our end, however that comes.
    """

    def __init__(self, listener: socket.socket, *, count: int) -> None:
        self._listener = listener
        self._count = count
        self._is_stopping = False
        self._running: list[subprocess.Popen[bytes]] = []

    def mind(self) -> None:
        """Until a signal: keep as many alive as were asked for."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._is_stopping:
            for process in list(self._running):
                if process.poll() is not None:
                    log.warning("web_process_ended", pid=process.pid, code=process.returncode)
                    self._running.remove(process)
            while len(self._running) < self._count and not self._is_stopping:
                self._running.append(self._start())
            time.sleep(_LOOK_SECONDS)
        self._terminate()  # one may have been started while the signal came
        for process in self._running:
            process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        number = self._listener.fileno()
        return subprocess.Popen(
            [sys.executable, "-m", "config.server"],
            stdin=subprocess.PIPE,
            pass_fds=[number],
            env={**os.environ, _LISTENER_VARIABLE: str(number)},
        )

    def _stop(self, number: int, frame: object) -> None:
        self._is_stopping = True
        self._terminate()

    def _terminate(self) -> None:
        for process in self._running:
            process.terminate()


def main() -> None:
    """Open the socket, or take the one that was handed over, and serve."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    handed_over = os.environ.get(_LISTENER_VARIABLE)
    if handed_over is not None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        serve(socket.socket(fileno=int(handed_over)))
        return
    try:
        listener = open_listener(settings.HOST, settings.PORT)
    except OSError as error:
        name = "PORT" if error.errno in {errno.EADDRINUSE, errno.EACCES} else "HOST"
        sys.exit(
            f"Tickwatch cannot listen on {settings.HOST}:{settings.PORT} ({error.strerror}). "
            f"Choose another with {name}=."
        )
    if settings.WEB_PROCESSES == 1:
        serve(listener)
    else:
        Processes(listener, count=settings.WEB_PROCESSES).mind()


def _leave(number: int, frame: object) -> None:
    """Being told to stop is no failure; uvicorn repeats the signal once it has shut down."""
    sys.exit(0)


def _end_with_parent() -> None:
    """Wait until the pipe that the parent holds closes, then stop as if told to."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
