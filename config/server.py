"""The web server: `python -m config.server` runs uvicorn on a listening socket of our own.

We open the socket ourselves for its options: a small send buffer, so that a
client that does not read is noticed after kilobytes instead of megabytes, and a
TCP_USER_TIMEOUT, so that the kernel gives up on one that has vanished. Accepted
sockets inherit both. With WEB_PROCESSES above 1 this process only opens the
socket and minds that many others, which serve it.
"""

import errno
import os
import signal
import socket
import sys
import threading

import uvicorn
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

try:
    from config.asgi import application  # sets Django up, so it comes before what needs models
except ImproperlyConfigured as wrong:
    sys.exit(f"Tickwatch cannot start: {wrong}")

from config.collector import collect_seldom
from config.door import Door
from config.metrics import hold_figures, shared_figures
from config.processes import (
    LISTENER_VARIABLE,
    REPLACEMENT_VARIABLE,
    SERVING_VARIABLE,
    Processes,
)
from config.uvicorn_server import Server
from pricefeed.delivery.handshake import PriceHttpProtocol
from pricefeed.delivery.protocol import MAX_MESSAGE_BYTES
from pricefeed.delivery.transport import PriceSocketProtocol

SEND_BUFFER_BYTES = 16 * 1024
VANISHED_CLIENT_MS = 15_000
BACKLOG = 4096


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


def server_on(
    listener: socket.socket, *, drain_seconds: float = 0.0, owns_process: bool = False
) -> Server:
    """The server of the whole application on a listening socket."""
    door = Door(application)
    config = uvicorn.Config(
        door,
        interface="asgi3",
        fd=listener.fileno(),
        backlog=BACKLOG,
        loop="uvloop",
        http=PriceHttpProtocol,
        ws=PriceSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=settings.BEHIND_PROXY,
        forwarded_allow_ips="*" if settings.BEHIND_PROXY else None,
    )
    return Server(
        config,
        door=door,
        drain_seconds=drain_seconds,
        grace_seconds=settings.WEB_GRACE_SECONDS,
        owns_process=owns_process,
    )


def serve(listener: socket.socket, *, is_minded: bool = False) -> None:
    """Serve until told to stop; then leave, as `Server` does."""
    collect_seldom()
    server = server_on(listener, drain_seconds=settings.WEB_DRAIN_SECONDS, owns_process=True)
    if is_minded:
        _obey_minder(server)
    else:
        # Nobody here could start another: a terminal that closes, or a supervisor who will.
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    server.run(sockets=[listener])


def _obey_minder(server: Server) -> None:
    """Say when we serve; leave when replaced, or when the minder is gone."""
    server.is_minded = True
    server.is_replacement = os.environ[REPLACEMENT_VARIABLE] == "1"
    saying = int(os.environ[SERVING_VARIABLE])

    def say_serving() -> None:
        os.write(saying, b"s")
        os.close(saying)

    def listen() -> None:
        while os.read(sys.stdin.fileno(), 1):
            server.replaced()
        os.kill(os.getpid(), signal.SIGTERM)

    server.on_serving = say_serving
    threading.Thread(target=listen, daemon=True).start()


def main() -> None:
    """Open the socket, or take the one that was handed over, and serve."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    handed_over = os.environ.get(LISTENER_VARIABLE)
    if handed_over is not None:
        hold_figures()
        serve(socket.socket(fileno=int(handed_over)), is_minded=True)
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
        stop_seconds = settings.WEB_DRAIN_SECONDS + settings.WEB_GRACE_SECONDS
        count = settings.WEB_PROCESSES
        with shared_figures():
            sys.exit(Processes(listener, count=count, stop_seconds=stop_seconds).mind())


def _leave(number: int, frame: object) -> None:
    """Being told to stop is no failure; uvicorn repeats the signal once it has shut down."""
    sys.exit(0)


if __name__ == "__main__":
    main()
