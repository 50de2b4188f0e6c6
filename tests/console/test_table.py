"""What is drawn, on a terminal of a known size."""

import io
from typing import Any

import pytest
from rich.console import Console

from frontend.console.quotes import Quotes
from frontend.console.status import Status
from frontend.console.table import Table


def drawn(*quotes: dict[str, Any], status: Status | None = None, height: int = 24) -> str:
    held = Quotes()
    held.apply({"type": "snapshot", "sequence": 1, "quotes": quotes})
    console = Console(file=io.StringIO(), width=100, height=height, force_terminal=True)
    table = Table(quotes=held, title="http://localhost:8000", console=console)
    table.status(status or Status("live"))
    with console.capture() as captured:
        console.print(table.render())
    return captured.get()


def quote(ticker: str = "A", change: str | None = "1.50", **fields: Any) -> dict[str, Any]:
    made = {
        "ticker": ticker,
        "name": f"{ticker} Inc.",
        "currency": "USD",
        "price": "10.00",
        "previous_close": "8.50",
        "abs_change": change,
        "pct_change": change,
        "updated_at": 1795242307482,
        "sequence": 1,
    }
    return {**made, **fields}


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("1.50", "\x1b[32m▲ +1.50"),
        ("-1.50", "\x1b[31m▼ -1.50"),
        ("0.00", "  +0.00"),
    ],
)
def test_a_change_has_its_colour_and_its_arrow(change: str, shown: str) -> None:
    assert shown in drawn(quote(change=change))


def test_a_security_without_a_price_is_in_the_list() -> None:
    text = drawn(quote(price=None, change=None, pct_change=None, updated_at=None, sequence=0))
    assert "A Inc." in text
    assert "None" not in text


def test_what_a_server_says_gives_no_orders_to_the_terminal() -> None:
    text = drawn(quote(name="[red]Evil\x1b]0;title\x07 Inc."))
    assert "[red]Evil]0;title Inc." in text


def test_what_has_no_room_is_counted() -> None:
    text = drawn(*[quote(f"T{n}") for n in range(30)], height=20)
    assert text.count(" Inc.") == 13
    assert "… and 17 more" in text
    assert text.count("\n") <= 20


def test_an_empty_list_says_so() -> None:
    assert "The list is empty" in drawn()


def test_prices_that_are_old_say_since_when() -> None:
    assert "stale since 1970-01-01" in drawn(status=Status("stale", since=0))
    assert "delayed since 1970-01-01" in drawn(status=Status("delayed", since=0))
    text = drawn(status=Status("reconnecting", since=0, retry_at=0, reason="gone"))
    assert "reconnecting in 0 s: gone; prices are of 1970-01-01" in text
