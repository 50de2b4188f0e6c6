"""`GET statistics` and `GET securities/{ticker}/statistics`."""

from typing import Any

import pytest

from pricefeed.recording.services import record
from securities.redis_client import redis_client
from tests.conftest import Api, MakeSecurity, set_active
from tests.pricefeed.conftest import MakeTick

NOTHING = {
    "count": 0,
    "minimum": None,
    "maximum": None,
    "moving_average": None,
    "window": 0,
    "updated_at": None,
}


@pytest.fixture(autouse=True)
def catalogue(security: MakeSecurity) -> None:
    for ticker in ("AAPL", "BRK.B", "KO", "MSFT"):
        security(ticker)


def tickers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [each["ticker"] for each in answer.json()]


@pytest.mark.parametrize("ticker", ["NOSUCH", "A%20B", "%E2%82%AC"])
def test_an_unknown_ticker_is_404(api: Api, ticker: str) -> None:
    for address in (f"securities/{ticker}/statistics", f"statistics?tickers=AAPL,{ticker}"):
        answer = api().get(f"/api/v1/{address}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_ticker")
        assert ("fields" in answer.json()) is ("?" in address)  # there it is one of several


def test_of_several_the_unknown_ticker_is_named(api: Api) -> None:
    answer = api().get(f"/api/v1/statistics?tickers=AAPL,NOSUCH,{'N' * 100}").json()
    assert answer["fields"] == {"tickers": ["NOSUCH: There is no security with this ticker."]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tickers=", "tickers"),
        ("tickers=,%20,", "tickers"),
        ("tickers=" + ",".join(["A"] * 1001), "tickers"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=" + "A" * 25, "after"),
    ],
)
def test_senseless_questions_are_refused_and_say_where(api: Api, query: str, field: str) -> None:
    answer = api().get(f"/api/v1/statistics?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]


def test_without_a_price_there_are_nulls(api: Api) -> None:
    answer = api().get("/api/v1/securities/ko/statistics")
    assert answer.json() == {"ticker": "KO", **NOTHING}


def test_they_are_of_all_recorded_prices_however_late_they_came(api: Api, tick: MakeTick) -> None:
    record([tick("KO", "10", seconds=5), tick("KO", "10.5", seconds=7)])
    record([tick("KO", "9.999999", seconds=1)])
    answer = api().get("/api/v1/securities/KO/statistics/")
    assert answer.json() == {
        "ticker": "KO",
        "count": 3,
        "minimum": "9.999999",
        "maximum": "10.50",
        "moving_average": "10.166666",
        "window": 3,
        "updated_at": 1772452807000,
    }


def test_the_average_is_of_the_last_sixty_four(api: Api, tick: MakeTick) -> None:
    record([tick("KO", "1000", seconds=0)])
    record([tick("KO", f"{n}", seconds=n) for n in range(1, 65)])
    told = api().get("/api/v1/securities/KO/statistics").json()
    assert (told["count"], told["window"], told["moving_average"]) == (65, 64, "32.50")
    assert (told["minimum"], told["maximum"]) == ("1.00", "1000.00")


def test_several_come_in_the_order_asked_each_once_active_or_not(api: Api) -> None:
    set_active("KO", active=False)
    answer = api().get("/api/v1/statistics?tickers=ko,BRK-B,%20MSFT,KO,brk.b")
    assert tickers(answer) == ["KO", "BRK.B", "MSFT"]
    assert answer.json()[0] == {"ticker": "KO", **NOTHING}


def test_all_that_are_active_come_page_by_page(api: Api) -> None:
    set_active("KO", active=False)
    assert tickers(api().get("/api/v1/statistics")) == ["AAPL", "BRK.B", "MSFT"]
    assert tickers(api().get("/api/v1/statistics?limit=2")) == ["AAPL", "BRK.B"]
    for after in ("BRK.B", "brk-b", "KO", "KOO"):
        assert tickers(api().get(f"/api/v1/statistics?limit=2&after={after}")) == ["MSFT"]
    assert tickers(api().get("/api/v1/statistics?after=MSFT")) == []


def test_without_what_redis_kept_they_are_the_same(
    api: Api, tick: MakeTick, own_redis_names: str
) -> None:
    record([tick("KO", "10", seconds=5), tick("AAPL", "7", seconds=7)])
    record([tick("KO", "11", seconds=6)])
    before = api().get("/api/v1/statistics").json()
    assert [each["count"] for each in before] == [1, 0, 2, 0]
    for key in redis_client().scan_iter(f"{own_redis_names}*"):
        redis_client().delete(key)
    assert api().get("/api/v1/statistics").json() == before


def test_many_are_as_few_queries_as_one(
    api: Api, tick: MakeTick, django_assert_max_num_queries: Any
) -> None:
    record([tick(ticker, "10", seconds=1) for ticker in ("AAPL", "BRK.B", "KO")])
    with django_assert_max_num_queries(3):
        api().get("/api/v1/securities/KO/statistics")
    with django_assert_max_num_queries(3):
        api().get("/api/v1/statistics")
