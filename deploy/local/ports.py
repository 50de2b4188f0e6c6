"""Ports on this machine's loopback."""

from __future__ import annotations

import errno
import socket

from deploy.local.trouble import Trouble

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port nobody listens on, and that nobody else is given for a minute.

    A port that was only looked at may be another program's before ours has started.
    This one has just ended a connection, so the kernel keeps it in TIME_WAIT: it gives
    it to nobody who asks for any port, and to a server that asks for it by number.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, 0))
        listener.listen(1)
        port: int = listener.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            listener.accept()[0].close()  # the side that closes first is the one that waits
    return port


def require_free(host: str, port: int) -> None:
    """Say in one sentence why nobody can listen there, if that is so."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Trouble(_why_not(error, host, port)) from error


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        return f"Port {port} is taken by another program. Choose another: make run PORT={other}"
    if error.errno == errno.EACCES:
        return f"Port {port} is only for root. Choose one from 1024 on: make run PORT=8000"
    return f"Nothing can listen on {host} port {port}: {error.strerror}. Check HOST and PORT."
