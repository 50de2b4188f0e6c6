from typing import Any

import pytest
from django.test import RequestFactory

from rest.address import client_address


def address(remote: Any, **extra: Any) -> Any:
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, **extra))


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.07", "unknown"),
        ("192.0.2", "unknown"),
        ("192.0.2.7\0", "unknown"),
        ("١٩٢.0.2.7", "unknown"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_ipv6_client_is_its_network(remote: Any, expected: Any) -> None:
    assert address(remote) == expected


def test_a_forwarded_address_is_not_believed() -> None:
    assert address("192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1") == "192.0.2.7"


def test_behind_a_proxy_its_own_entry_counts_and_not_what_came_with_the_request(
    settings: Any,
) -> None:
    settings.BEHIND_PROXY = True
    assert address("10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.1") == "198.51.100.1"


def test_behind_a_proxy_that_says_nothing_the_peer_counts(settings: Any) -> None:
    settings.BEHIND_PROXY = True
    assert address("10.0.0.1") == "10.0.0.1"
