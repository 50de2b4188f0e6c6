"""Addresses of web services, as operators write them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment


@pytest.mark.parametrize(
    "value",
    ["data.example.com", "ftp://data.example.com", "https://", "https://h:port", "https://h:0",
     "https://key:s3cret@h", "https://h/?key=1", "https://h/#there"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_its_secrets(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="ALPACA_URL") as refusal:
        Environment({"ALPACA_URL": value}).web_address("ALPACA_URL", "https://default")
    assert "s3cret" not in str(refusal.value)


def test_an_address_is_taken_without_a_slash_at_its_end() -> None:
    read = Environment({"ALPACA_URL": "http://127.0.0.1:8080/alpaca/"}).web_address
    assert read("ALPACA_URL", "https://default") == "http://127.0.0.1:8080/alpaca"
