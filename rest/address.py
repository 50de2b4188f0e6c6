"""Where a request comes from, for limits: an address nobody can make up."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_NETWORK_BITS = 64  # what one subscriber is usually given


def client_address(request: HttpRequest) -> str:
    """The client's IPv4 address or IPv6 network; "unknown" on a Unix socket.

    X-Forwarded-For counts only with BEHIND_PROXY, and then only its last entry:
    our proxy has written that one, the others came with the request.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        text = request.headers.get("X-Forwarded-For", text).rpartition(",")[2]
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
