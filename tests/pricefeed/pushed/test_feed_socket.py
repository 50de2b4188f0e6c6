"""`/ws/feed` over real sockets: who may, what is answered, and what survives what."""

import asyncio
import gc
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from redis.exceptions import ResponseError
from rest_framework_simplejwt.tokens import AccessToken
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from accounts.models import Role, User
from accounts.services import tokens_issue
from pricefeed import pushed
from pricefeed.api import feed_messages, permission
from pricefeed.api.intake import MOST_WAITING
from pricefeed.delivery import sign_in, turns
from pricefeed.delivery.transport import PriceSocketProtocol
from pricefeed.sources.pushed.streams import Streams
from tests.asyncapi import examples_of
from tests.conftest import Api, MakeSecurity, serving
from tests.integration.processes import wait_until
from tests.pricefeed.delivery.conftest import off_loop
from tests.pricefeed.delivery.raw import TEXT, RawClient, frame
from tests.pricefeed.delivery.test_sockets import Socket, opened
from tests.pricefeed.delivery.test_transport import reluctant
from tests.pricefeed.pushed.conftest import record_all, stored

pytestmark = pytest.mark.django_db(transaction=True)

FEED = "/ws/feed"
WELCOME = "welcome"


@pytest.fixture
def token(feeder: User, security: MakeSecurity) -> str:
    """A feeder's; there are A and B."""
    for ticker in "AB":
        security(ticker)
    return str(tokens_issue(user=feeder).access)


@asynccontextmanager
async def feeding(server: str, token: str) -> AsyncIterator[Socket]:
    async with opened(server, FEED, token) as socket:
        await socket.hear_kinds(WELCOME)
        yield socket


def tick(price: Any, ticker: str = "A") -> dict[str, Any]:
    return {"ticker": ticker, "price": price}


async def recorded(ticker: str = "A") -> list[float]:
    def record() -> list[float]:
        record_all()
        return [float(price) for price in stored(ticker)]

    prices: list[float] = await off_loop(record)
    return prices


async def answers_upto(socket: Socket, number: int) -> list[dict[str, Any]]:
    """The acks and errors until this message is answered; their numbers only grow."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["messages"] < number:
        frames.append(await socket.hear())
    numbers = [frame["messages"] for frame in frames]
    assert numbers == sorted(set(numbers))
    return frames


# -- Who may ----------------------------------------------------------------------------------


async def test_users_are_forbidden(server: str, alice: User) -> None:
    async with opened(server, FEED, str(tokens_issue(user=alice).access)) as socket:
        assert await socket.hear_close() == 4003


async def test_no_token_a_wrong_one_and_an_expired_one_are_refused(
    server: str, feeder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "AUTHENTICATION_SECONDS", 0.1)
    expired = AccessToken.for_user(feeder)
    expired.set_exp(lifetime=-timedelta(hours=1))
    async with opened(server, FEED) as silent:
        assert await silent.hear_close() == 4008
    async with opened(server, FEED, "nonsense") as wrong:
        assert await wrong.hear_close() == 4001
    async with opened(server, FEED, str(expired)) as late:
        assert await late.hear_close() == 4101


async def test_ticks_before_signing_in_are_not_read(server: str, token: str) -> None:
    async with opened(server, FEED) as socket:
        await socket.say(tick(1))
        assert await socket.hear_close() == 4000
    assert await recorded() == []


async def test_before_it_is_known_who_is_there_a_long_message_is_too_long(server: str) -> None:
    async with opened(server, FEED) as socket:
        await socket.say(" " * 5000)
        assert await socket.hear_close() == 1009


async def test_a_page_of_another_origin_may_not(server: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
    with pytest.raises(Exception, match="403"):
        await connect(f"ws://{server}{FEED}", additional_headers=headers)


async def test_staff_may_and_may_sign_in_by_a_message(server: str, staff: User, token: str) -> None:
    async with opened(server, FEED) as socket:
        await socket.say({"type": "auth", "token": str(tokens_issue(user=staff).access)})
        await socket.hear_kinds(WELCOME)
        await socket.say(tick(1))
        assert await socket.hear() == {
            "type": "ack", "messages": 1, "accepted": 1, "refused": []
        }  # fmt: skip


async def test_a_feeder_has_so_many_sockets_and_no_more(
    server: str, token: str, settings: Any
) -> None:
    settings.SOCKETS_PER_USER = 1
    async with feeding(server, token), opened(server, FEED, token) as second:
        assert await second.hear_close() == 4029
    async with feeding(server, token):
        pass


async def test_signing_out_ends_it_and_what_comes_after_is_not_taken(
    server: str, token: str, api: Api, feeder: User
) -> None:
    pair = tokens_issue(user=feeder)
    async with feeding(server, str(pair.access)) as socket, feeding(server, token) as other:
        await socket.say(tick(1))
        await socket.hear_kinds("ack")
        logout = lambda: api(feeder).post("/api/v1/auth/logout", {"refresh": str(pair.refresh)})  # noqa: E731
        assert (await off_loop(logout)).status_code == 204
        assert await socket.hear_close() == 4005
        with pytest.raises(ConnectionClosed):
            await socket.say(tick(2))
        await other.say(tick(3))
        await other.hear_kinds("ack")
    assert await recorded() == [1, 3]


async def test_it_ends_with_the_token(server: str, feeder: User, token: str) -> None:
    short = AccessToken(token)  # type: ignore[arg-type]
    short.set_exp(lifetime=timedelta(seconds=0))  # and some seconds of leeway
    async with feeding(server, str(short)) as socket:
        assert await socket.hear_close() == 4101


async def test_who_may_no_longer_is_told_so(
    server: str, token: str, feeder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permission, "LOOKED_UP_FOR_SECONDS", 0.0)
    async with feeding(server, token) as socket:
        await socket.say(tick(1))
        await socket.hear_kinds("ack")
        await off_loop(lambda: User.objects.filter(pk=feeder.pk).update(role=Role.USER))
        await socket.say(tick(2))
        assert await socket.hear_close() == 4003
    assert await recorded() == [1]


# -- What is answered -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", "malformed"),
        ("", "malformed"),
        ("[", "malformed"),
        ("[" * 5000, "malformed"),
        (b"\x01\x02", "bad_message"),
        ("5", "invalid"),
        ('"text"', "invalid"),
        ("null", "invalid"),
        ({"key": "", "ticks": []}, "invalid"),
        ({"key": "ä", "ticks": []}, "invalid"),
        ({"key": "x" * 201, "ticks": []}, "invalid"),
        ({"key": "k", "ticks": 5}, "invalid"),
        ({"key": 5, "ticks": [tick(1)]}, "invalid"),
        ({"key": None, "ticks": [tick(1)]}, "invalid"),
        ({"ticks": [tick(1)]}, "invalid"),
        ({"key": "k", "ticks": [tick(1)], "more": 1}, "invalid"),
        ([tick(1)] * 10_001, "invalid"),
    ],
    ids=lambda part: str(part)[:20],
)
async def test_rubbish_is_an_error_with_its_number_and_the_socket_stays(
    server: str, token: str, message: Any, code: str
) -> None:
    async with feeding(server, token) as socket:
        await socket.say(tick(1))
        await socket.hear_kinds("ack")
        await socket.say(message)
        error = await socket.hear_kinds("error")
        assert (error["code"], error["messages"]) == (code, 2)
        await socket.say(tick(3))
        assert (await socket.hear_kinds("ack"))["messages"] == 3
    assert await recorded() == [1, 3]


async def test_rubbish_for_ever_is_answered_for_ever(server: str, token: str) -> None:
    async with feeding(server, token) as socket:
        for _ in range(50):
            await socket.say("rubbish")
        errors = await answers_upto(socket, 50)
    assert [error["messages"] for error in errors] == list(range(1, 51))


async def test_what_is_longer_than_two_mebibytes_closes_it(
    server: str, token: str, settings: Any
) -> None:
    async with feeding(server, token) as socket:
        await socket.say(json.dumps([tick(1)]) + " " * (settings.PRICES_BODY_LIMIT - 50))
        await socket.hear_kinds("ack")
        with suppress(ConnectionClosed):  # refused by its length, while the rest is on its way
            await socket.say(" " * (settings.PRICES_BODY_LIMIT + 1))
        assert await socket.hear_close() == 1009


async def test_one_bad_tick_does_not_lose_its_neighbours(server: str, token: str) -> None:
    async with feeding(server, token) as socket:
        await socket.say([tick(1), tick(2, "NOSUCH"), tick("0"), tick(3), 7])
        ack = await socket.hear_kinds("ack")
    assert (ack["messages"], ack["accepted"]) == (1, 2)
    refused = [(each["index"], each["code"]) for each in ack["refused"]]
    assert refused == [(1, "unknown_ticker"), (2, "bad_price"), (4, "malformed")]
    assert await recorded() == [1, 3]


async def test_what_the_document_shows_is_taken(
    server: str, token: str, security: MakeSecurity, settings: Any
) -> None:
    settings.PRICE_HISTORY_DAYS = 3650
    await off_loop(lambda: [security("AAPL"), security("BRK.B")])
    messages = examples_of("ticks")
    async with feeding(server, token) as socket:
        for message in messages:
            await socket.say(message)
        acks = await answers_upto(socket, len(messages))
    assert sum(ack["accepted"] for ack in acks) == 4


async def test_a_ping_is_answered_and_has_no_number(server: str, token: str) -> None:
    async with feeding(server, token) as socket:
        await socket.say({"type": "ping"})
        await socket.hear_kinds("pong")
        await socket.say(tick(1))
        assert (await socket.hear_kinds("ack"))["messages"] == 1


async def test_thousands_of_messages_at_once_are_taken_in_their_order(
    server: str, token: str
) -> None:
    count = 3000
    async with feeding(server, token) as socket:
        for number in range(1, count + 1):
            await socket.say(tick(number))
            if number % 1000 == 500:
                await socket.say("rubbish")
        answers = await answers_upto(socket, count + 3)
    acks = [frame for frame in answers if frame["type"] == "ack"]
    errors = [frame for frame in answers if frame["type"] == "error"]
    assert sum(ack["accepted"] for ack in acks) == count
    assert [error["messages"] for error in errors] == [501, 1502, 2503]
    assert len(acks) < count / 10  # several together
    assert await recorded() == list(range(1, count + 1))


async def test_ten_thousand_ticks_a_message_one_after_the_other(server: str, token: str) -> None:
    async with feeding(server, token) as socket:
        for first in (1, 10_001, 20_001):
            await socket.say([tick(first + n) for n in range(10_000)])
        acks = await answers_upto(socket, 3)
    assert sum(ack["accepted"] for ack in acks) == 30_000
    assert await recorded() == list(range(1, 30_001))


async def test_a_long_message_may_come_in_small_fragments_but_not_in_crumbs(
    server: str, token: str
) -> None:
    text = json.dumps([tick(1 + n) for n in range(10_000)])
    async with feeding(server, token) as socket:
        await socket.say_in_parts(text, size=4096)
        (ack,) = await answers_upto(socket, 1)
        assert ack["accepted"] == 10_000
        await socket.say_in_parts(" " * 2048, size=1)  # and an empty one that ends it
        assert await socket.hear_close() == 1009


async def test_who_does_not_read_answers_is_not_read_either_and_loses_nothing(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0

    def count(messages: Any) -> Any:
        nonlocal taken
        taken += len(messages)
        return push(messages)

    push = feed_messages.messages_push
    monkeypatch.setattr(feed_messages, "messages_push", count)
    messages = 400  # whose answers are more than the buffers of any kernel take
    headers = {"Authorization": f"Bearer {token}"}
    sock = await asyncio.to_thread(reluctant, server)
    async with (
        asyncio.timeout(60),
        connect(
            f"ws://{server}{FEED}", additional_headers=headers, sock=sock, max_queue=1
        ) as client,
    ):
        assert json.loads(await client.recv())["type"] == WELCOME
        bad = json.dumps([tick("0")] * 300)

        async def send() -> None:
            for _ in range(messages):
                await client.send(bad)

        sending = asyncio.ensure_future(send())
        before = -1
        while taken != before:  # until it takes no more
            before = taken
            await asyncio.sleep(0.5)
        assert taken < messages
        numbers = []
        while len(numbers) < messages:
            frame = json.loads(await client.recv())
            if frame["type"] != "heartbeat":  # which comes when this takes its time
                numbers.append(frame["messages"])
        await sending
    assert numbers == list(range(1, messages + 1))


# -- Keys -------------------------------------------------------------------------------------


async def test_with_a_key_ticks_are_taken_once_on_whichever_way_they_come(
    server: str, token: str, api: Api, feeder: User
) -> None:
    ticks = json.dumps([tick(1), tick(2)])
    keyed = f'{{"key": "one", "ticks": {ticks}}}'
    async with feeding(server, token) as socket:
        await socket.say(keyed)
        first = await socket.hear_kinds("ack")
    async with feeding(server, token) as socket:
        await socket.say(keyed)
        assert await socket.hear_kinds("ack") == first
        await socket.say({"key": "one", "ticks": [tick(3)]})
        assert (await socket.hear_kinds("error"))["code"] == "idempotency_key_reused"
        post = lambda: api(feeder).generic(  # noqa: E731
            "POST", "/api/v1/prices", ticks, "application/json", HTTP_IDEMPOTENCY_KEY="one"
        )
        assert (await off_loop(post)).json() == {"accepted": 2, "refused": []}
    assert await recorded() == [1, 2]


# -- Faults -----------------------------------------------------------------------------------


async def test_busy_takes_nothing_says_when_to_try_again_and_then_goes_on(
    server: str, token: str, settings: Any
) -> None:
    settings.TICKS_WAITING = 2
    async with feeding(server, token) as socket:
        await socket.say([tick(1), tick(2)])
        await socket.hear_kinds("ack")
        await socket.say(tick(3))
        error = await socket.hear_kinds("error")
        assert (error["code"], error["messages"]) == ("busy", 2)
        assert error["retry_after_ms"] >= 1000
        assert await recorded() == [1, 2]
        await socket.say(tick(4))
        assert (await socket.hear_kinds("ack"))["messages"] == 3
    assert await recorded() == [1, 2, 4]


async def test_redis_away_is_said_and_the_socket_stays(
    server: str, token: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with feeding(server, token) as socket:
        with monkeypatch.context() as patch, settings_of(settings, "redis://127.0.0.1:1/0"):
            patch.setattr(pushed, "streams", Streams)
            await socket.say(tick(1))
            error = await socket.hear_kinds("error")
            assert (error["code"], error["messages"]) == ("unavailable", 1)
            assert error["retry_after_ms"] > 0
        await socket.say(tick(2))
        await socket.hear_kinds("ack")
    assert await recorded() == [2]


async def test_postgres_away_is_said_and_the_socket_stays(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and then it is asked whether a feeder still may."""
    monkeypatch.setattr(permission, "LOOKED_UP_FOR_SECONDS", 0.0)
    async with feeding(server, token) as socket:
        with monkeypatch.context() as away:
            away.setattr(BaseDatabaseWrapper, "connect", Mock(side_effect=OperationalError))
            await socket.say(b"\x01")
            await socket.say(tick(1))
            no_text, error = await answers_upto(socket, 2)
            assert no_text["code"] == "bad_message"
            assert (error["code"], error["messages"]) == ("unavailable", 2)
            assert error["retry_after_ms"] > 0
        await socket.say(tick(2))
        await socket.hear_kinds("ack")
    assert await recorded() == [2]


class settings_of:  # noqa: N801
    """REDIS_URL for a while."""

    def __init__(self, settings: Any, url: str) -> None:
        self._settings, self._url, self._before = settings, url, settings.REDIS_URL

    def __enter__(self) -> None:
        self._settings.REDIS_URL = self._url

    def __exit__(self, *_: object) -> None:
        self._settings.REDIS_URL = self._before


async def test_a_bug_of_ours_asks_the_feeder_to_come_back(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(feed_messages, "messages_push", bug)
    async with feeding(server, token) as socket:
        await socket.say(tick(1))
        assert await socket.hear_close() == 4103


async def test_redis_that_cannot_write_is_away(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk is full, say: not a bug of ours, and what others were told still holds."""

    def misconfigured(*_: Any, **__: Any) -> None:
        raise ResponseError("MISCONF Errors writing to the AOF file: No space left on device")

    async with feeding(server, token) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(Streams, "append", misconfigured)
            await socket.say(tick(1))
            error = await socket.hear_kinds("error")
            assert (error["code"], error["messages"]) == ("unavailable", 1)
        await socket.say(tick(2))
        await socket.hear_kinds("ack")
    assert await recorded() == [2]


async def test_ten_thousand_refusals_are_a_message_that_libraries_read(
    server: str, token: str
) -> None:
    async with feeding(server, token) as socket:
        await socket.say([{**tick(1), "at": 5}] * 10_000)
        refused = (await socket.hear_kinds("ack"))["refused"]
        assert (len(refused), refused[-1]) == (10_000, {"index": 9_999, "code": "bad_time"})


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> "Slow":
    return Slow(monkeypatch)


class Slow:
    """The taking of messages begins, and goes on when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._push = feed_messages.messages_push
        monkeypatch.setattr(feed_messages, "messages_push", self)
        self.begun, self._go_on = threading.Event(), threading.Event()

    def __call__(self, messages: Any) -> Any:
        self.begun.set()
        assert self._go_on.wait(20)
        return self._push(messages)

    def go_on(self) -> None:
        self._go_on.set()


async def test_what_was_taken_is_answered_before_the_token_expires(
    server: str, feeder: User, token: str, slow: Slow
) -> None:
    short = AccessToken(token)  # type: ignore[arg-type]
    short.set_exp(lifetime=timedelta(seconds=0))  # and some seconds of leeway
    async with feeding(server, str(short)) as socket:
        await socket.say(tick(1))
        assert await asyncio.to_thread(slow.begun.wait, 10)
        await asyncio.sleep(4)  # past the leeway, and the next round
        slow.go_on()
        assert (await socket.hear_kinds("ack"))["messages"] == 1
        assert await socket.hear_close() == 4101
    assert await recorded() == [1]


@pytest.mark.parametrize("count", [2, MOST_WAITING + 7])
async def test_what_came_before_the_feeder_closed_is_taken(
    server: str, token: str, slow: Slow, count: int
) -> None:
    """It has waited for no answer, as it need not."""
    async with feeding(server, token) as socket:
        for number in range(1, count + 1):
            await socket.say(tick(number))
        assert await asyncio.to_thread(slow.begun.wait, 10)
        asyncio.get_running_loop().call_later(0.5, slow.go_on)  # when it has closed

    def is_recorded() -> bool:
        record_all()
        return [float(price) for price in stored("A")] == list(range(1, count + 1))

    await off_loop(lambda: wait_until(is_recorded, seconds=10, what="all that was said"))


async def test_who_cannot_be_heard_because_we_do_not_read_is_not_taken_for_gone(
    server: str, token: str, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers to our pings wait behind ticks that nobody takes."""
    monkeypatch.setattr(turns, "ROUND_SECONDS", 0.02)  # everybody is pinged every 1.8 s
    messages = MOST_WAITING + 100
    async with feeding(server, token) as socket:
        await socket.say(tick(1))
        assert await asyncio.to_thread(slow.begun.wait, 10)
        for number in range(2, messages + 1):
            await socket.say(tick(number))
        await asyncio.sleep(2.5 * turns.PING_ROUNDS * turns.ROUND_SECONDS)
        slow.go_on()
        frames = [{"type": "heartbeat"}]
        while frames[-1]["type"] == "heartbeat" or frames[-1]["messages"] < messages:
            frames.append(await socket.hear())
    assert sum(frame["type"] == "heartbeat" for frame in frames) > 2
    assert await recorded() == list(range(1, messages + 1))


async def test_what_was_taken_is_answered_before_the_server_goes_away(
    token: str, slow: Slow
) -> None:
    serves = serving()
    server = await asyncio.to_thread(serves.__enter__)
    async with feeding(server, token) as socket:
        await socket.say(tick(1))
        assert await asyncio.to_thread(slow.begun.wait, 10)
        await socket.say(tick(2))
        leaving = asyncio.ensure_future(asyncio.to_thread(serves.__exit__, None, None, None))
        await asyncio.sleep(0.5)
        slow.go_on()
        ack = await socket.hear_kinds("ack")
        assert ack["messages"] == 1
        assert await socket.hear_close() == 4100
    await leaving
    assert await recorded() == [1]


def test_who_is_cut_off_amid_messages_that_nobody_has_read_is_no_error(
    server: str, token: str, slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    message = frame(TEXT, json.dumps(tick(1)).encode())
    client = RawClient(server, FEED, f"Authorization: Bearer {token}")
    client.read_until(WELCOME.encode())
    client.send(message)
    assert slow.begun.wait(10)
    client.send(message * 2 * MOST_WAITING)
    ours = wait_until(half_read, seconds=10, what="a part has come and is not parsed")
    ours.loop.call_soon_threadsafe(ours.transport.abort)
    assert client.read_to_end() == b""  # cut off, without a close
    slow.go_on()
    wait_until(lambda: not ours.tasks, seconds=10, what="the application is done with it")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def half_read() -> PriceSocketProtocol | None:
    """The socket of which something has come and has not been parsed."""
    sockets = (each for each in gc.get_objects() if type(each) is PriceSocketProtocol)
    return next((each for each in sockets if each._unread), None)
