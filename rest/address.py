"""Where requests and sockets come from, for limits: an address nobody can make up."""

import ipaddress
import socket
from typing import Any

from django.conf import settings
from django.http import HttpRequest

IPV6_NETWORK_BITS = 64  # what one subscriber is usually given

_FORWARDED = b"x-forwarded-for"


def client_address(request: HttpRequest) -> str:
    """The address that a request counts for: see `network_of`."""
    return network_of(
        request.META.get("REMOTE_ADDR", ""), forwarded=request.headers.get("X-Forwarded-For", "")
    )


def socket_address(scope: dict[str, Any]) -> str:
    """The address that a connection of ASGI's counts for: see `network_of`."""
    peer, _ = scope.get("client") or ("", 0)
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED]
    return network_of(peer, forwarded=",".join(said))


def network_of(peer: str, *, forwarded: str) -> str:
    """A client's IPv4 address or IPv6 network; "unknown" on a Unix socket.

    What was `forwarded` counts only with BEHIND_PROXY, and then only its last entry:
    our proxy has written that one, the others came with the request.
    """
    said = forwarded.rpartition(",")[2] if settings.BEHIND_PROXY and forwarded else peer
    text = said.strip()
    if _is_ipv4(text):
        return text
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return "unknown"
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))


def _is_ipv4(text: str) -> bool:
    """Whether it is four plain numbers; each socket is looked at, and `ipaddress` is slow."""
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):  # ValueError: a NUL or a surrogate in it
        return False
    return True
