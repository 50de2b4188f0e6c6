from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from rest.docs import schema_document
from securities.api.serializers import SecuritySerializer
from securities.models import Security
from securities.search import source
from tests.conftest import set_active

Make = Callable[..., Security]
Api = Callable[..., APIClient]

SEARCH = "/api/v1/securities"


def tickers(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["ticker"] for item in response.json()]


@pytest.fixture
def market(security: Make) -> None:
    security("AAPL", name="Apple Inc.", price="187.32", previous_close="182.82", sequence=5117)
    security("APLE", name="Apple Hospitality REIT, Inc.", exchange="NYSE")
    security("MSFT", name="Microsoft", price="410.5")
    security("BRK.B", name="Berkshire Hathaway", price="400")
    security("NESN", name="Nestlé", currency="CHF", price="95.1")


@pytest.mark.usefixtures("market")
class TestSearch:
    def test_it_finds_by_name_best_first_in_the_shape_agreed(self, api: Api) -> None:
        found = api().get(SEARCH, {"q": "apple"}).json()
        apple = Security.objects.select_related("quote").get(ticker="AAPL")
        assert found[0] == {
            "id": apple.pk,
            "ticker": "AAPL",
            "name": "Apple Inc.",
            "exchange": "NASDAQ",
            "currency": "USD",
            "is_active": True,
            "last_price": "187.32",
            "previous_close": "182.82",
            "abs_change": "4.50",
            "pct_change": "2.46",
            "updated_at": int(apple.quote.updated_at.timestamp() * 1000),
            "sequence": 5117,
        }
        assert found[1]["ticker"] == "APLE"
        prices = ("last_price", "previous_close", "abs_change", "pct_change", "updated_at")
        assert {found[1][name] for name in prices} == {None}
        assert found[1]["sequence"] == 0

    def test_it_is_one_query_whatever_is_found(
        self, api: Api, django_assert_num_queries: Any
    ) -> None:
        client = api()
        client.get(SEARCH)  # builds the index
        for query in ("", "a", "apple", "microsft", "nothing like it"):
            with django_assert_num_queries(1 if query != "nothing like it" else 0):
                client.get(SEARCH, {"q": query})

    def test_without_a_query_it_gives_the_first_by_ticker(self, api: Api) -> None:
        assert tickers(api().get(SEARCH)) == ["AAPL", "APLE", "BRK.B", "MSFT", "NESN"]
        assert tickers(api().get(SEARCH, {"q": "  ", "limit": 2})) == ["AAPL", "APLE"]

    @pytest.mark.parametrize(
        ("query", "first"),
        [("brk b", "BRK.B"), ("nestle", "NESN"), ("microsft", "MSFT"), ("MSFT", "MSFT")],
    )
    def test_case_accents_punctuation_and_typing_errors_do_not_matter(
        self, api: Api, query: str, first: str
    ) -> None:
        assert tickers(api().get(SEARCH, {"q": query}))[0] == first

    def test_a_deactivated_security_is_left_out_at_once(self, api: Api) -> None:
        client = api()
        assert tickers(client.get(SEARCH, {"q": "apple"})) == ["AAPL", "APLE"]
        set_active("AAPL", active=False)
        assert tickers(client.get(SEARCH, {"q": "apple"})) == ["APLE"]

    def test_it_is_open_to_all_and_looks_at_no_token(self, api: Api) -> None:
        client = api()
        client.credentials(HTTP_AUTHORIZATION="Bearer rubbish")
        assert tickers(client.get(f"{SEARCH}/", {"q": "apple"})) == ["AAPL", "APLE"]

    @pytest.mark.parametrize("limit", ["0", "-1", "101", "1.5", "x", "", "1e3", "9" * 50])
    def test_a_limit_outside_1_to_100_is_refused(self, api: Api, limit: str) -> None:
        answer = api().get(SEARCH, {"limit": limit})
        assert answer.status_code == 400
        assert (answer.json()["code"], list(answer.json()["fields"])) == ("invalid", ["limit"])

    @pytest.mark.parametrize(("limit", "count"), [("1", 1), ("100", 5)])
    def test_limits_at_the_edge_are_taken(self, api: Api, limit: str, count: int) -> None:
        assert len(tickers(api().get(SEARCH, {"limit": limit}))) == count

    def test_a_query_of_100_characters_is_taken_and_one_more_refused(self, api: Api) -> None:
        assert api().get(SEARCH, {"q": "x" * 100}).status_code == 200
        answer = api().get(SEARCH, {"q": "x" * 101})
        assert answer.status_code == 400
        assert (answer.json()["code"], list(answer.json()["fields"])) == ("invalid", ["q"])

    @pytest.mark.parametrize("q", ["%00", "%ff", "%ed%a0%80", "...", "%F0%9F%98%80", "%25", "_"])
    def test_odd_queries_are_answered_without_hits_or_refused(self, api: Api, q: str) -> None:
        answer = api().get(f"{SEARCH}?q={q}")
        assert answer.status_code in (200, 400)
        assert answer.status_code == 400 or answer.json() == []

    @given(st.text(max_size=110))
    @settings(
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_nothing_that_can_be_asked_is_a_500(self, api: Api, query: str) -> None:
        encoded = quote(query.encode("utf-8", "surrogatepass"))
        assert api().get(f"{SEARCH}?q={encoded}").status_code in (200, 400)

    def test_other_methods_are_refused(self, api: Api) -> None:
        assert api().post(SEARCH, {}).status_code == 405


@pytest.mark.usefixtures("market")
class TestDetail:
    @pytest.mark.parametrize("address", ["AAPL", "aapl", "AAPL/"])
    def test_a_ticker_is_found_in_any_case(self, api: Api, address: str) -> None:
        found = api().get(f"{SEARCH}/{address}").json()
        assert (found["ticker"], found["last_price"]) == ("AAPL", "187.32")

    def test_a_share_class_is_found_in_any_spelling(self, api: Api) -> None:
        assert api().get(f"{SEARCH}/brk-b").json()["ticker"] == "BRK.B"

    def test_an_inactive_one_is_shown_as_such(self, api: Api) -> None:
        set_active("AAPL", active=False)
        assert api().get(f"{SEARCH}/AAPL").json()["is_active"] is False

    def test_it_is_one_query(self, api: Api, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(1):
            api().get(f"{SEARCH}/AAPL")

    @pytest.mark.parametrize(
        "ticker", ["NOPE", "%00", "x" * 200, "%F0%9F%98%80", "A%20B%20C", "%ff"]
    )
    def test_an_unknown_ticker_is_404(self, api: Api, ticker: str) -> None:
        answer = api().get(f"{SEARCH}/{ticker}")
        assert answer.status_code in (404, 400)
        assert answer.status_code == 400 or answer.json()["code"] == "unknown_ticker"


def test_the_schema_describes_what_is_sent(api: Api, security: Make) -> None:
    security("AAPL", price="1.5")
    sent = api().get(f"{SEARCH}/AAPL").json()
    assert sorted(sent) == sorted(SecuritySerializer().fields)
    operations = [
        schema_document()["paths"][path]["get"] for path in (SEARCH, SEARCH + "/{ticker}")
    ]
    for operation in operations:
        examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
        (example,) = (example["value"] for example in examples.values())
        shown = example[0] if isinstance(example, list) else example
        assert {name: type(value) for name, value in shown.items()} == {
            name: type(value) for name, value in sent.items()
        }


def test_a_search_without_an_index_or_database_is_503(
    api: Api, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Iterator[Any]:
        raise OperationalError("away")

    monkeypatch.setattr(source, "rows", away)
    answer = api().get(SEARCH, {"q": "apple"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers


def test_times_are_whole_milliseconds_rounded_down(api: Api, security: Make) -> None:
    apple = security("AAPL", price="1")
    moment = datetime(2026, 2, 2, 3, 6, 41, 123_999, tzinfo=UTC)
    type(apple.quote).objects.update(updated_at=moment)
    assert api().get(f"{SEARCH}/AAPL").json()["updated_at"] == 1770001601123
