"""`GET anomalies`: forwards from an id, or backwards from the newest, page by page."""

from decimal import Decimal
from typing import Any

import pytest

from pricefeed.models import Anomaly, Direction
from securities.models import Security
from tests.conftest import Api, MakeSecurity, set_active
from tests.pricefeed.conftest import NOON

ADDRESS = "/api/v1/anomalies"


@pytest.fixture
def apple(security: MakeSecurity) -> Security:
    return security("AAPL")


@pytest.fixture
def berkshire(security: MakeSecurity) -> Security:
    return security("BRK.B")


def found(security: Security, *, price: str = "103", reference: str = "100") -> int:
    direction = Direction.UP if Decimal(price) > Decimal(reference) else Direction.DOWN
    return Anomaly.objects.create(
        security=security,
        direction=direction,
        at=NOON,
        price=Decimal(price),
        reference=Decimal(reference),
    ).pk


def pages(api: Api, address: str) -> list[list[int]]:
    """The ids of each page, following `next` to the end."""
    following: str | None = address
    ids = []
    while following is not None:
        answer = api().get(following)
        assert answer.status_code == 200, answer.json()
        ids.append([each["id"] for each in answer.json()["results"]])
        following = answer.json()["next"]
    return ids


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=x", "since"),
        ("since=-1", "since"),
        ("since=", "since"),
        (f"since={2**63}", "since"),
        ("before=0", "before"),
        ("since=1&before=9", "before"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("ticker=", "ticker"),
    ],
)
def test_senseless_questions_are_refused_and_say_where(
    db: None, api: Api, query: str, field: str
) -> None:
    answer = api().get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize("ticker", ["NOSUCH", "%E2%82%AC", "A,B"])
def test_an_unknown_ticker_is_404(apple: Security, api: Api, ticker: str) -> None:
    answer = api().get(f"{ADDRESS}?ticker={ticker}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_ticker")


def test_where_nothing_was_found_the_page_is_empty(db: None, api: Api) -> None:
    for query in ("", "?since=0", "?since=99"):
        assert api().get(ADDRESS + query).json() == {"results": [], "next": None}


def test_an_anomaly_says_what_jumped_and_from_where(apple: Security, api: Api) -> None:
    up, down = found(apple), found(apple, price="0.9", reference="1.0000001")
    (second, first) = api().get(f"{ADDRESS}/").json()["results"]
    assert first == {
        "id": up,
        "ticker": "AAPL",
        "direction": "up",
        "at": 1772452800000,
        "price": "103.00",
        "reference": "100.00",
        "pct_change": "3.00",
    }
    assert (second["id"], second["direction"], second["pct_change"]) == (down, "down", "-10.00")


def test_without_since_pages_go_back_from_the_newest(apple: Security, api: Api) -> None:
    a, b, c, d, e = (found(apple) for _ in range(5))
    assert pages(api, f"{ADDRESS}?limit=2") == [[e, d], [c, b], [a]]
    assert pages(api, f"{ADDRESS}?limit=5") == [[e, d, c, b, a]]


def test_since_an_id_pages_go_forwards_to_the_newest(apple: Security, api: Api) -> None:
    a, b, c, d, e = (found(apple) for _ in range(5))
    assert pages(api, f"{ADDRESS}?limit=2&since={a}") == [[b, c], [d, e]]
    assert pages(api, f"{ADDRESS}?limit=3&since=0") == [[a, b, c], [d, e]]
    assert pages(api, f"{ADDRESS}?since={e}") == [[]]


def test_one_ticker_has_pages_of_its_own_active_or_not(
    apple: Security, berkshire: Security, api: Api
) -> None:
    a, _, b, c = found(berkshire), found(apple), found(berkshire), found(berkshire)
    set_active("BRK.B", active=False)
    for spelling in ("BRK.B", "brk-b", "brk%2Fb"):
        assert pages(api, f"{ADDRESS}?ticker={spelling}&limit=2") == [[c, b], [a]]
        assert pages(api, f"{ADDRESS}?ticker={spelling}&limit=2&since=0") == [[a, b], [c]]


def test_what_is_found_between_two_pages_disturbs_neither_way(apple: Security, api: Api) -> None:
    a, b, c = (found(apple) for _ in range(3))
    back = api().get(f"{ADDRESS}?limit=2").json()
    forth = api().get(f"{ADDRESS}?limit=2&since=0").json()
    d = found(apple)
    assert [each["id"] for each in back["results"]] == [c, b]
    assert pages(api, back["next"]) == [[a]]
    assert pages(api, forth["next"]) == [[c, d]]


def test_a_page_is_one_query_and_one_of_a_ticker_two(
    apple: Security, api: Api, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        found(apple)
    with django_assert_num_queries(1):
        api().get(f"{ADDRESS}?limit=3")
    with django_assert_num_queries(2):
        api().get(f"{ADDRESS}?limit=3&ticker=AAPL&since=0")


def test_it_is_open_to_anyone_even_with_a_stale_token(db: None, api: Api) -> None:
    stranger = api()
    stranger.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert stranger.get(ADDRESS).status_code == 200
