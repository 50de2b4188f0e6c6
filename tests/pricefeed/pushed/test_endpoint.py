"""POST prices: who may, what is taken, what is said."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from pricefeed.models import Tick
from pricefeed.sources.pushed import streams as streams_module
from pricefeed.sources.pushed.streams import Streams
from securities.models import Quote, Security
from securities.times import milliseconds
from tests.conftest import Api, MakeSecurity, set_active
from tests.pricefeed.pushed.conftest import record_all, stored

PRICES = "/api/v1/prices"
pytestmark = pytest.mark.django_db(transaction=True)

Post = Callable[..., Any]


@pytest.fixture
def aapl(security: MakeSecurity) -> Security:
    return security("AAPL")


@pytest.fixture
def post(api: Api, feeder: User) -> Post:
    client = api(feeder)

    def send(body: Any, *, key: str | None = None) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"HTTP_IDEMPOTENCY_KEY": key} if key is not None else {}
        return client.generic("POST", PRICES, raw, content_type="application/json", **headers)

    return send


def codes(answer: Any) -> dict[int, str]:
    return {each["index"]: each["code"] for each in answer.json()["refused"]}


def test_strangers_and_users_may_not(api: Api, alice: User, waiting: Streams) -> None:
    body = {"ticker": "AAPL", "price": "1"}
    assert api().post(PRICES, body).status_code == 401
    answer = api(alice).post(PRICES, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not waiting.waiting()


def test_feeders_and_staff_may(api: Api, feeder: User, staff: User, aapl: Security) -> None:
    for user in (feeder, staff):
        answer = api(user).post(PRICES, {"ticker": "AAPL", "price": "1"})
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "refused": []})


def test_a_disabled_feeder_may_not(api: Api, feeder: User, aapl: Security) -> None:
    client = api(feeder)
    User.objects.update(is_active=False)
    assert client.post(PRICES, {"ticker": "AAPL", "price": "1"}).status_code == 401


def test_one_bad_tick_does_not_lose_its_neighbours(
    post: Post, aapl: Security, security: MakeSecurity
) -> None:
    security("GONE", is_active=False)
    answer = post(
        [
            {"ticker": "AAPL", "price": "10"},
            {"ticker": "NOBODY", "price": "10"},
            {"ticker": "GONE", "price": "10"},
            {"ticker": "AAPL", "price": "0"},
            {"ticker": "AAPL", "price": "11", "at": "yesterday"},
            {"ticker": "AAPL"},
            7,
            {"ticker": "aapl", "price": 12.25},
        ]
    )
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert codes(answer) == {
        1: "unknown_ticker",
        2: "inactive_ticker",
        3: "bad_price",
        4: "bad_time",
        5: "malformed",
        6: "malformed",
    }
    assert all(each["message"] for each in answer.json()["refused"])
    record_all()
    assert stored("AAPL") == ["10.000000", "12.250000"]


@pytest.mark.parametrize(
    "price",
    ["0", "-1", "NaN", "sNaN", "-Infinity", "1E+999990", "1e-999990", "0.0000001", "1000000000000",
     "999999999999.0000001", "187.32000000000002", "ten", "", None, True, [], {}, "9" * 100_000],
    ids=lambda price: repr(price)[:24],
)  # fmt: skip
def test_what_is_no_price_is_refused_at_once(post: Post, aapl: Security, price: Any) -> None:
    began = time.thread_time()
    answer = post([{"ticker": "AAPL", "price": price}, {"ticker": "AAPL", "price": "5"}])
    assert time.thread_time() - began < 2
    assert (answer.json()["accepted"], codes(answer)) == (1, {0: "bad_price"})


@pytest.mark.parametrize(
    "price",
    [b"187.32", b'"187.32"', b"0.1", b"0.000001", b'"0.000001"', b"999999999999", b"1e3", b'"1E-6"',
     b"123456789012.123456"[1:], b'"1.5000000000000000000000000000000000000000"', b"1234.999999",
     b"10000", b"100000000", b"99999999.01"],
)  # fmt: skip
def test_a_price_comes_out_as_it_went_in(post: Post, aapl: Security, price: bytes) -> None:
    answer = post(b'{"ticker": "AAPL", "price": ' + price + b"}")
    assert answer.json() == {"accepted": 1, "refused": []}
    record_all()
    wanted = Decimal(price.strip(b'"').decode())
    assert Tick.objects.get().price == wanted
    assert Quote.objects.get().price == wanted


def test_times_are_milliseconds_or_iso_8601(post: Post, aapl: Security) -> None:
    now = timezone.now().replace(microsecond=123_000)
    at = [
        milliseconds(now - timedelta(seconds=3)),
        (now - timedelta(seconds=2)).isoformat(),
        (now - timedelta(seconds=1)).isoformat().replace("+00:00", "Z"),
    ]
    post([{"ticker": "AAPL", "price": str(1 + n), "at": each} for n, each in enumerate(at)])
    record_all()
    times = Tick.objects.order_by("sequence").values_list("at", flat=True)
    assert list(times) == [now - timedelta(seconds=n) for n in (3, 2, 1)]


def test_times_ahead_of_now_or_older_than_the_history_are_refused(
    post: Post, aapl: Security, settings: Any
) -> None:
    settings.PRICE_HISTORY_DAYS, settings.TICK_SECONDS_AHEAD = 2, 10
    now = timezone.now()
    moments = [
        now + timedelta(seconds=60),
        now + timedelta(seconds=5),
        now - timedelta(days=2),
        now - timedelta(days=3, seconds=1),
    ]
    at: list[Any] = [each.isoformat() for each in moments]
    at += [10**40, -(10**40), 0, 1.5, "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", True]
    answer = post(
        [{"ticker": "AAPL", "price": str(n + 1), "at": each} for n, each in enumerate(at)]
    )
    assert answer.json()["accepted"] == 2
    assert codes(answer) == dict.fromkeys([0, *range(3, len(at))], "bad_time")


def test_a_tick_without_a_time_is_true_when_it_arrives(post: Post, aapl: Security) -> None:
    before = timezone.now()
    post({"ticker": "AAPL", "price": "10"})
    after = timezone.now()
    record_all()
    assert before <= Tick.objects.get().at <= after


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[", b'[{"ticker": "AAPL", "price": 1}', b'[{"ticker": 1}, nope]', b"\xff",
     b"[" * 100_000],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_what_is_no_json_is_malformed(post: Post, waiting: Streams, body: bytes) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert not waiting.waiting()


@pytest.mark.parametrize("body", ["text", 5, None, True])
def test_what_is_no_tick_and_no_list_is_invalid(post: Post, body: Any) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == ["body"]


def test_ten_thousand_ticks_fit_and_one_more_is_refused_whole(
    post: Post, security: MakeSecurity, waiting: Streams
) -> None:
    ticker = "A" * 24
    security(ticker)
    at = timezone.now().isoformat()
    ticks = [{"ticker": ticker, "price": f"{n + 1}.123456", "at": at} for n in range(10_001)]
    answer = post(ticks)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not waiting.waiting()
    answer = post(ticks[:10_000])
    assert answer.json() == {"accepted": 10_000, "refused": []}
    assert record_all() == 10_000
    assert stored(ticker) == [tick["price"] for tick in ticks[:10_000]]


def test_an_empty_list_is_fine(post: Post, db: None) -> None:
    assert post([]).json() == {"accepted": 0, "refused": []}


def test_a_security_is_known_as_soon_as_it_is_entered_and_unknown_when_deactivated(
    post: Post, security: MakeSecurity
) -> None:
    assert codes(post({"ticker": "NEWCO", "price": "1"})) == {0: "unknown_ticker"}
    security("NEWCO")
    assert post({"ticker": "NEWCO", "price": "1"}).json()["accepted"] == 1
    set_active("NEWCO", active=False)
    assert codes(post({"ticker": "NEWCO", "price": "2"})) == {0: "inactive_ticker"}


def test_a_repeat_with_the_same_key_gets_the_first_answer_and_takes_nothing(
    post: Post, aapl: Security
) -> None:
    body = [{"ticker": "AAPL", "price": "10"}, {"ticker": "NEWCO", "price": "1"}]
    first = post(body, key="one")
    Security.objects.create(ticker="NEWCO", name="New")
    assert post(body, key="one").json() == first.json()
    assert post(body, key="one").status_code == 202
    assert record_all() == 1
    assert post(body, key="two").json()["accepted"] == 2


def test_a_key_with_another_body_is_refused(post: Post, aapl: Security) -> None:
    post({"ticker": "AAPL", "price": "10"}, key="one")
    answer = post({"ticker": "AAPL", "price": "11"}, key="one")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert record_all() == 1


def test_a_key_belongs_to_its_user(post: Post, api: Api, staff: User, aapl: Security) -> None:
    post({"ticker": "AAPL", "price": "10"}, key="one")
    other = api(staff).post(PRICES, {"ticker": "AAPL", "price": "11"}, HTTP_IDEMPOTENCY_KEY="one")
    assert other.json()["accepted"] == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "schlüssel"])
def test_a_key_that_is_none_is_invalid(post: Post, aapl: Security, key: str) -> None:
    answer = post({"ticker": "AAPL", "price": "10"}, key=key)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["Idempotency-Key"])


def test_of_two_at_once_with_the_same_key_one_is_taken(
    post: Post, aapl: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    barrier = threading.Barrier(4)

    def nothing_yet(self: Streams, claim: str) -> None:
        barrier.wait(10)  # all have looked before any has claimed

    monkeypatch.setattr(Streams, "answered", nothing_yet)

    def send(_: int) -> Any:
        try:
            return post({"ticker": "AAPL", "price": "10"}, key="one")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert [answer.json() for answer in answers] == [{"accepted": 1, "refused": []}] * 4
    assert record_all() == 1


def test_when_too_many_wait_all_is_refused_and_nothing_is_taken(
    post: Post, aapl: Security, settings: Any, waiting: Streams
) -> None:
    settings.TICKS_WAITING = 3
    post([{"ticker": "AAPL", "price": str(n)} for n in (1, 2)])
    answer = post([{"ticker": "AAPL", "price": str(n)} for n in (3, 4)], key="one")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) >= 1
    assert sum(waiting.waiting().values()) == 2
    record_all()
    again = post([{"ticker": "AAPL", "price": str(n)} for n in (3, 4)], key="one")
    assert again.json()["accepted"] == 2
    assert record_all() == 2


def test_redis_away_is_503_and_says_when_to_come_back(
    post: Post, aapl: Security, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(streams_module, "streams", Streams)
    monkeypatch.setattr("pricefeed.pushed.streams", Streams)
    answer = post({"ticker": "AAPL", "price": "10"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"]


def test_a_recorder_is_asked_for_once_until_it_begins(
    post: Post, aapl: Security, asked: list[int], waiting: Streams
) -> None:
    for price in ("1", "2", "3"):
        post({"ticker": "AAPL", "price": price})
    assert len(asked) == 1
    waiting.begin(asked[0])
    post({"ticker": "AAPL", "price": "4"})
    assert len(asked) == 2
