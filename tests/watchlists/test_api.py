from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from securities.models import Security
from watchlists.models import WatchlistItem

LIST = "/api/v1/watchlist"


@pytest.fixture(autouse=True)
def securities(security: Callable[..., Security]) -> None:
    security("AAPL", price="187.32", previous_close="182.82", sequence=5117, name="Apple Inc.")
    security("MSFT")
    security("BRK.B", price="461.2600", previous_close="460")
    security("GONE", is_active=False)


def tickers(client: APIClient) -> list[str]:
    return [item["ticker"] for item in client.get(LIST).json()]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", LIST),
        ("post", LIST),
        ("put", f"{LIST}/AAPL"),
        ("delete", f"{LIST}/AAPL"),
    ],
)
def test_strangers_are_refused(api: Callable[..., APIClient], method: str, path: str) -> None:
    answer = getattr(api(), method)(path, {"ticker": "AAPL"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert not WatchlistItem.objects.exists()


@pytest.mark.parametrize("text", ["NOPE", "GONE", "A B C", "a\\u0000b", "ÄÖ", "€"])
def test_an_unknown_or_inactive_ticker_changes_nothing(
    alice: User, api: Callable[..., APIClient], text: str
) -> None:
    client = api(alice)
    answer = client.post(LIST, {"ticker": text})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_ticker")
    assert tickers(client) == []


@pytest.mark.parametrize("text", ["NOPE", "GONE", "%E2%82%AC", "A" * 300, "..%2F", "A%0AB"])
def test_an_unknown_ticker_in_the_address_changes_nothing(
    alice: User, api: Callable[..., APIClient], text: str
) -> None:
    client = api(alice)
    answer = client.put(f"{LIST}/{text}", {})
    assert answer.status_code == 404
    assert answer.json()["code"] in {"unknown_ticker", "not_found"}
    gone = client.delete(f"{LIST}/{text}")
    assert gone.status_code == 404
    assert gone.json()["code"] in {"not_on_watchlist", "not_found"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ticker"),
        ({"ticker": ""}, "ticker"),
        ({"ticker": None}, "ticker"),
        ({"ticker": 5}, "ticker"),
        ({"ticker": ["AAPL"]}, "ticker"),
        ({"ticker": "A" * 25}, "ticker"),
        ({"ticker": "AAPL", "user": 1}, "user"),
        ({"ticker": "AAPL", "position": -1}, "position"),
        ({"ticker": "AAPL", "position": 1000}, "position"),
        ({"ticker": "AAPL", "position": 10**30}, "position"),
        ({"ticker": "AAPL", "position": "0"}, "position"),
        ({"ticker": "AAPL", "position": 1.5}, "position"),
        ({"ticker": "AAPL", "position": True}, "position"),
        ({"ticker": "AAPL", "position": None}, "position"),
    ],
)
def test_a_wrong_field_is_named_and_changes_nothing(
    alice: User, api: Callable[..., APIClient], body: Any, field: str
) -> None:
    client = api(alice)
    answer = client.post(LIST, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["fields"]) == {field}
    assert tickers(client) == []


@pytest.mark.parametrize("body", [[], "AAPL", 5, None, [{"ticker": "AAPL"}]])
def test_a_body_that_is_no_object_is_refused(
    alice: User, api: Callable[..., APIClient], body: Any
) -> None:
    client = api(alice)
    for answer in (client.post(LIST, body), client.put(f"{LIST}/AAPL", body)):
        if body is None and answer.status_code == 201:
            continue  # a PUT needs no body
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_full_list_is_a_conflict(
    alice: User, api: Callable[..., APIClient], settings: Settings
) -> None:
    settings.WATCHLIST_MAX_ITEMS = 1
    client = api(alice)
    client.post(LIST, {"ticker": "AAPL"})
    answer = client.post(LIST, {"ticker": "MSFT"})
    assert (answer.status_code, answer.json()["code"]) == (409, "watchlist_full")
    assert tickers(client) == ["AAPL"]


def test_removing_what_is_not_there_says_so(alice: User, api: Callable[..., APIClient]) -> None:
    answer = api(alice).delete(f"{LIST}/AAPL")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_on_watchlist")


def test_an_added_security_comes_with_its_quote(alice: User, api: Callable[..., APIClient]) -> None:
    answer = api(alice).post(LIST, {"ticker": "aapl"})
    assert answer.status_code == 201
    item = answer.json()
    assert isinstance(item.pop("updated_at"), int)
    assert item == {
        "ticker": "AAPL",
        "name": "Apple Inc.",
        "currency": "USD",
        "exchange": "NASDAQ",
        "is_active": True,
        "position": 0,
        "price": "187.32",
        "previous_close": "182.82",
        "abs_change": "4.50",
        "pct_change": "2.46",
        "sequence": 5117,
    }


def test_without_a_price_everything_about_it_is_null(
    alice: User, api: Callable[..., APIClient]
) -> None:
    item = api(alice).post(LIST, {"ticker": "MSFT"}).json()
    prices = ("price", "previous_close", "abs_change", "pct_change", "updated_at")
    assert [item[name] for name in prices] == [None] * 5
    assert item["sequence"] == 0


def test_adding_twice_is_not_an_error(alice: User, api: Callable[..., APIClient]) -> None:
    client = api(alice)
    assert client.post(LIST, {"ticker": "AAPL"}).status_code == 201
    for again in (
        client.post(LIST, {"ticker": "aapl"}),
        client.put(f"{LIST}/aapl", {}),
        client.put(f"{LIST}/AAPL/"),
    ):
        assert again.status_code == 200
        assert again.json()["ticker"] == "AAPL"
    assert tickers(client) == ["AAPL"]


def test_put_adds_moves_and_answers_with_the_place(
    alice: User, api: Callable[..., APIClient]
) -> None:
    client = api(alice)
    assert client.put(f"{LIST}/AAPL").status_code == 201
    assert client.put(f"{LIST}/brk-b", {"position": 0}).json()["position"] == 0
    assert client.put(f"{LIST}/MSFT", {"position": 999}).json()["position"] == 2
    assert tickers(client) == ["BRK.B", "AAPL", "MSFT"]
    moved = client.put(f"{LIST}/MSFT", {"position": 1})
    assert (moved.status_code, moved.json()["position"]) == (200, 1)
    assert tickers(client) == ["BRK.B", "MSFT", "AAPL"]


def test_removing_in_any_case_leaves_the_others(alice: User, api: Callable[..., APIClient]) -> None:
    client = api(alice)
    for ticker in ("AAPL", "MSFT"):
        client.post(LIST, {"ticker": ticker})
    answer = client.delete(f"{LIST}/aapl/")
    assert answer.status_code == 204
    assert answer.content == b""
    items = client.get(LIST).json()
    assert [(item["ticker"], item["position"]) for item in items] == [("MSFT", 0)]


def test_a_security_deactivated_later_stays_visible_and_removable(
    alice: User, api: Callable[..., APIClient]
) -> None:
    client = api(alice)
    client.post(LIST, {"ticker": "AAPL"})
    Security.objects.filter(ticker="AAPL").update(is_active=False)
    assert [item["is_active"] for item in client.get(LIST).json()] == [False]
    assert client.delete(f"{LIST}/AAPL").status_code == 204


def test_an_outsider_sees_and_changes_nothing_of_it(
    alice: User, bob: User, api: Callable[..., APIClient]
) -> None:
    client, outsider = api(alice), api(bob)
    client.post(LIST, {"ticker": "AAPL"})
    assert tickers(outsider) == []
    assert outsider.delete(f"{LIST}/AAPL").status_code == 404
    assert outsider.put(f"{LIST}/AAPL", {"position": 0}).status_code == 201
    assert outsider.delete(f"{LIST}/AAPL").status_code == 204
    assert tickers(client) == ["AAPL"]


def test_the_list_is_two_queries_however_long(
    alice: User,
    api: Callable[..., APIClient],
    security: Callable[..., Security],
    django_assert_num_queries: Any,
) -> None:
    client = api(alice)
    for n in range(12):
        security(f"S{n}", price="1.00")
        client.post(LIST, {"ticker": f"S{n}"})
    with django_assert_num_queries(2):  # who is asking; the list with its quotes
        assert len(client.get(LIST).json()) == 12


def test_nobody_may_keep_a_copy(alice: User, api: Callable[..., APIClient]) -> None:
    client = api(alice)
    assert client.get(LIST)["Cache-Control"] == "no-store"
    assert client.post(LIST, {"ticker": "AAPL"})["Cache-Control"] == "no-store"


def test_other_methods_are_refused(alice: User, api: Callable[..., APIClient]) -> None:
    answer = api(alice).patch(f"{LIST}/AAPL", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
