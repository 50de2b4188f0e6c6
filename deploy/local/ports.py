"""Ports on this machine's loopback."""

from __future__ import annotations

import errno
import socket

from deploy.local.trouble import Trouble

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
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
