"""The sockets, spoken to over the network as clients do."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.test import Client
from redis import asyncio as aioredis
from rest_framework_simplejwt.tokens import AccessToken
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from accounts import events
from accounts.models import User
from accounts.services import tokens_issue
from pricefeed.delivery import consumers, protocol, sign_in
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.publish import publish
from pricefeed.delivery.socket import MAX_BAD_MESSAGES
from pricefeed.recording.services import record
from securities.models import Security
from securities.tickers import MOST_ASKED_FOR
from tests.asyncapi import check_frame
from tests.conftest import PASSWORD
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.delivery.conftest import off_loop
from tests.pricefeed.delivery.raw import PING, RawClient, frame
from watchlists.services import watchlist_add_security

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_SECONDS = 15
END_SECONDS = 5
"""A socket outlives its sign-in by no more."""


@pytest.fixture
def token(alice: User, market: None, tick: MakeTick) -> str:
    """Alice's; she watches A and B, and all but D have prices."""
    for ticker in "AB":
        watchlist_add_security(user_id=alice.pk, ticker=ticker)
    publish(record([tick("A", "10"), tick("B", "20"), tick("C", "30")]))
    return str(tokens_issue(user=alice).access)


class Socket:
    """A client's end."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def say_in_parts(self, text: str, *, size: int) -> None:
        """One message in fragments."""
        parts = (text[start : start + size] for start in range(0, len(text), size))
        await self._connection.send(parts)

    async def say(self, message: Any) -> None:
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        await self._connection.send(text)

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self._connection.recv())
        check_frame(frame)
        return frame

    async def hear_kinds(self, *kinds: str) -> dict[str, Any]:
        """Exactly these frames; gives the last."""
        frames = [await self.hear() for _ in kinds]
        assert [frame["type"] for frame in frames] == list(kinds)
        return frames[-1]

    async def hear_close(self) -> int:
        """The code; frames that come before it do not matter."""
        with suppress(ConnectionClosed):
            async for _ in self._connection:
                pass
        assert self._connection.close_code is not None
        return self._connection.close_code

    async def hear_end(self) -> int:
        """The code, which comes as soon as is promised where a sign-in has ended."""
        async with asyncio.timeout(END_SECONDS):
            return await self.hear_close()


@asynccontextmanager
async def opened(
    server: str, path: str, token: str | None = None, **headers: str
) -> AsyncIterator[Socket]:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with (
        asyncio.timeout(WAIT_SECONDS * 2),
        connect(f"ws://{server}{path}", additional_headers=headers) as connection,
    ):
        yield Socket(connection)


# -- Who is there -----------------------------------------------------------------------------


async def test_a_token_in_the_header_opens_the_watchlist(server: str, token: str) -> None:
    async with opened(server, "/ws/watchlist", token) as socket:
        welcome = await socket.hear_kinds("welcome")
        assert (welcome["protocol"], welcome["heartbeat"]) == (1, 25)
        snapshot = await socket.hear_kinds("snapshot")
    assert [(q["ticker"], q["price"]) for q in snapshot["quotes"]] == [
        ("A", "10.00"),
        ("B", "20.00"),
    ]
    assert set(snapshot["quotes"][0]) == {
        "ticker", "name", "currency", "price", "previous_close", "abs_change", "pct_change",
        "updated_at", "sequence",
    }  # fmt: skip


async def test_a_token_in_the_first_message_does_too_and_may_resume(
    server: str, token: str
) -> None:
    async with opened(server, "/ws/watchlist/") as socket:
        await socket.say({"type": "auth", "token": token})
        epoch = (await socket.hear_kinds("welcome"))["epoch"]
        sequence = (await socket.hear_kinds("snapshot"))["sequence"]
    async with opened(server, "/ws/watchlist") as socket:
        since = {"epoch": epoch, "sequence": sequence}
        await socket.say({"type": "auth", "token": token, "since": since})
        snapshot = await socket.hear_kinds("welcome", "snapshot")
    assert (snapshot["quotes"], snapshot["tickers"]) == ([], ["A", "B"])


async def test_the_answer_to_a_handshake_wakes_its_client_together_with_the_snapshot(
    server: str, token: str
) -> None:
    async with opened(server, "/ws/watchlist", token) as first:
        await first.hear_kinds("welcome", "snapshot")  # now the groups of the tickers are joined
        second = RawClient(server, "/ws/watchlist", f"Authorization: Bearer {token}", waits=False)
        woken_by = second.read_once()
        second.close()
    assert woken_by.startswith(b"HTTP/1.1 101 ")
    assert b'"welcome"' in woken_by
    assert b'"snapshot"' in woken_by


def expired(user: User) -> str:
    made = AccessToken.for_user(user)
    made.set_exp(lifetime=-timedelta(minutes=1))
    return str(made)


async def test_bad_tokens_are_refused_with_4001_and_expired_ones_with_4101(
    server: str, token: str, alice: User
) -> None:
    refresh = await database_sync_to_async(lambda: str(tokens_issue(user=alice).refresh))()
    for wrong in ("", "rubbish", token[:-2] + "xx", refresh):
        async with opened(server, "/ws/watchlist", wrong) as socket:
            assert await socket.hear_close() == 4001
        async with opened(server, "/ws/watchlist") as socket:
            await socket.say({"type": "auth", "token": wrong})
            assert await socket.hear_close() == 4001
    old = await database_sync_to_async(expired)(alice)
    async with opened(server, "/ws/watchlist", old) as socket:
        assert await socket.hear_close() == 4101


async def test_a_disabled_user_is_refused(server: str, token: str, alice: User) -> None:
    await off_loop(lambda: User.objects.filter(pk=alice.pk).update(is_active=False))
    async with opened(server, "/ws/watchlist", token) as socket:
        assert await socket.hear_close() == 4001


async def test_who_says_nothing_is_closed_with_4008(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "AUTHENTICATION_SECONDS", 0.1)
    async with opened(server, "/ws/watchlist?token=in-the-address") as socket:
        assert await socket.hear_close() == 4008


@pytest.mark.parametrize(
    "message",
    [
        "rubbish",
        {},
        {"type": "ping", "extra": 1},
        {"type": "auth"},
        {"type": "auth", "token": 7},
        {"type": "auth", "token": "x", "since": {"epoch": "e"}},
        b"\x00\x01",
    ],
)
async def test_rubbish_before_signing_in_is_closed_with_4000(server: str, message: Any) -> None:
    async with opened(server, "/ws/watchlist") as socket:
        await socket.say(message)
        assert await socket.hear_close() == 4000


async def test_a_ping_before_signing_in_is_answered(server: str, token: str) -> None:
    async with opened(server, "/ws/watchlist") as socket:
        await socket.say({"type": "ping"})
        await socket.hear_kinds("pong")
        await socket.say({"type": "auth", "token": token})
        await socket.hear_kinds("welcome", "snapshot")


# -- The end of a sign-in ---------------------------------------------------------------------


@asynccontextmanager
async def signed_out_of_one(
    server: str, token: str, alice: User
) -> AsyncIterator[tuple[Socket, Socket]]:
    """Sockets of two of her sessions; she has just signed out of the first."""
    pair = await database_sync_to_async(lambda: tokens_issue(user=alice))()
    async with (
        opened(server, "/ws/watchlist", pair.access) as ending,
        opened(server, "/ws/watchlist", token) as other,
    ):
        for socket in (ending, other):
            await socket.hear_kinds("welcome", "snapshot")
        async with httpx.AsyncClient(base_url=f"http://{server}") as client:
            await client.post("/api/v1/auth/logout", json={"refresh": pair.refresh})
        yield ending, other


async def test_signing_out_closes_the_sockets_of_that_session_alone(
    server: str, token: str, alice: User
) -> None:
    async with signed_out_of_one(server, token, alice) as (ending, other):
        assert await ending.hear_end() == 4005
        await other.say({"type": "ping"})
        await other.hear_kinds("pong")


async def test_a_sign_out_amid_the_handshake_is_told_by_its_code(
    server: str, token: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow, has_read, may_go_on = Hub.follow, threading.Event(), threading.Event()

    async def slowly(hub: Hub, connection: Connection) -> tuple[str, ...]:
        tickers = await follow(hub, connection)
        has_read.set()
        await asyncio.to_thread(may_go_on.wait, WAIT_SECONDS)
        return tickers

    monkeypatch.setattr(Hub, "follow", slowly)
    pair = await database_sync_to_async(lambda: tokens_issue(user=alice))()

    async def sign_out() -> None:
        assert await asyncio.to_thread(has_read.wait, WAIT_SECONDS)
        async with httpx.AsyncClient(base_url=f"http://{server}") as client:
            await client.post("/api/v1/auth/logout", json={"refresh": pair.refresh})

    leaving = asyncio.ensure_future(sign_out())
    async with opened(server, "/ws/watchlist", pair.access) as client:
        assert await client.hear_close() == 4005
    may_go_on.set()
    await leaving


async def test_a_new_password_closes_every_socket_of_the_user(
    server: str, token: str, bob: User
) -> None:
    stranger = await database_sync_to_async(lambda: tokens_issue(user=bob).access)()
    async with (
        opened(server, "/ws/watchlist", token) as one,
        opened(server, "/ws/watchlist") as another,
        opened(server, "/ws/watchlist", stranger) as bobs,
    ):
        await another.say({"type": "auth", "token": token})
        for socket in (one, another, bobs):
            await socket.hear_kinds("welcome", "snapshot")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://{server}", headers=headers) as client:
            change = {"old_password": PASSWORD, "new_password": "another good passphrase 8"}
            answer = await client.post("/api/v1/auth/change-password", json=change)
            assert answer.status_code == 204
        assert (await one.hear_end(), await another.hear_end()) == (4006, 4006)
        await bobs.say({"type": "ping"})
        await bobs.hear_kinds("pong")


@pytest.mark.parametrize("way", ["disable", "delete", "password"])
async def test_what_an_administrator_does_to_an_account_reaches_its_sockets(
    server: str, token: str, alice: User, admin_client: Client, way: str
) -> None:
    page = f"/admin/accounts/user/{alice.pk}"
    form = {"username": "alice", "email": "", "role": "user"}
    new = "another good passphrase 8"
    requests: dict[str, tuple[str, dict[str, str], int]] = {
        "disable": (f"{page}/change/", form, 4007),
        "delete": (f"{page}/delete/", {"post": "yes"}, 4007),
        "password": (f"{page}/password/", {"password1": new, "password2": new}, 4006),
    }
    address, data, code = requests[way]
    async with opened(server, "/ws/watchlist", token) as socket:
        await socket.hear_kinds("welcome", "snapshot")
        answer = await off_loop(lambda: admin_client.post(address, data))
        assert answer.status_code == 302, answer.content
        assert await socket.hear_end() == code


async def test_an_end_that_nobody_heard_of_is_noticed_when_the_link_is_back(
    server: str, token: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events._ends, "_say_or_owe", lambda _: None)  # that process has died
    async with signed_out_of_one(server, token, alice) as (ending, other):
        await cut_subscribers()
        assert await ending.hear_close() == 4001
        await other.say({"type": "ping"})
        await other.hear_kinds("pong")


async def cut_subscribers() -> None:
    """Break the links of everybody who listens to our Redis database."""
    database = urlsplit(django_settings.REDIS_URL).path[1:]
    async with aioredis.Redis.from_url(django_settings.REDIS_URL) as admin:
        for client in await admin.client_list(_type="pubsub"):
            if client["db"] == database:
                await admin.client_kill_filter(_id=client["id"])


# -- What may be said -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "null",
        {"type": "subscribe"},
        {"type": "ping", "extra": 1},
        {"type": ["ping"]},
        b"bytes",
        '{"type":"ping"}' + " " * 3000 + "x",
    ],
)
async def test_a_wrong_message_is_an_error_and_the_socket_lives_on(
    server: str, token: str, message: Any
) -> None:
    async with opened(server, "/ws/watchlist", token) as socket:
        await socket.hear_kinds("welcome", "snapshot")
        await socket.say(message)
        error = await socket.hear_kinds("error")
        assert error["code"] == "bad_message"
        await socket.say({"type": "ping"})
        await socket.hear_kinds("pong")


async def test_signing_in_twice_is_an_error(server: str, token: str) -> None:
    async with opened(server, "/ws/watchlist", token) as socket:
        await socket.hear_kinds("welcome", "snapshot")
        await socket.say({"type": "auth", "token": token})
        assert (await socket.hear_kinds("error"))["code"] == "bad_message"


async def test_who_goes_on_with_rubbish_is_closed(server: str, token: str) -> None:
    async with opened(server, "/ws/watchlist", token) as socket:
        for _ in range(MAX_BAD_MESSAGES + 1):
            await socket.say("rubbish")
        assert await socket.hear_close() == 4000


async def test_a_message_over_four_kilobytes_is_closed(server: str, token: str) -> None:
    async with opened(server, "/ws/watchlist", token) as socket:
        await socket.hear_kinds("welcome", "snapshot")
        await socket.say("x" * 5000)
        assert await socket.hear_close() in {1009, 4000}


async def test_an_address_nobody_knows_is_closed_with_4004(server: str) -> None:
    for path in ("/ws/nothing", "/", "/ws/watchlist/A"):
        async with opened(server, path) as socket:
            assert await socket.hear_close() == 4004, path


# -- What comes -------------------------------------------------------------------------------


async def test_prices_and_edits_made_over_rest_arrive(
    server: str, token: str, tick: MakeTick
) -> None:
    async with opened(server, "/ws/watchlist", token) as socket:
        await socket.hear_kinds("welcome", "snapshot")
        await off_loop(lambda: publish(record([tick("A", "11", seconds=1)])))
        (quote,) = (await socket.hear_kinds("prices"))["quotes"]
        assert (quote["ticker"], quote["price"], quote["pct_change"]) == ("A", "11.00", "10.00")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://{server}", headers=headers) as client:
            await client.post("/api/v1/watchlist", json={"ticker": "c"})
            (added,) = (await socket.hear_kinds("watchlist"))["added"]
            assert (added["ticker"], added["price"], added["name"]) == ("C", "30.00", "C Inc.")
            await client.delete("/api/v1/watchlist/A")
            assert (await socket.hear_kinds("watchlist"))["removed"] == ["A"]


async def test_one_ticker_some_and_all_of_them(
    server: str, token: str, security: Callable[..., Security]
) -> None:
    await database_sync_to_async(security)("BRK.B")
    for path, tickers in {
        "/ws/prices/C": ["C"],
        "/ws/prices/c/": ["C"],
        "/ws/prices/brk-b": ["BRK.B"],
        "/ws/prices/BRK%2FB": ["BRK.B"],
        "/ws/prices?tickers=C,a,C": ["C", "A"],
        "/ws/prices": ["A", "B", "BRK.B", "C", "D"],
    }.items():
        async with opened(server, path) as socket:
            snapshot = await socket.hear_kinds("welcome", "snapshot")
        assert [quote["ticker"] for quote in snapshot["quotes"]] == tickers, path


async def test_open_prices_need_no_name(server: str, token: str) -> None:
    async with opened(server, "/ws/prices/A") as socket:
        await socket.hear_kinds("welcome", "snapshot")
        await socket.say({"type": "auth", "token": token})
        assert (await socket.hear_kinds("error"))["code"] == "bad_message"


async def test_whole_quotes_in_every_frame_for_who_asks(
    server: str, token: str, tick: MakeTick
) -> None:
    async with opened(server, "/ws/prices/A?full=1") as socket:
        await socket.hear_kinds("welcome", "snapshot")
        await off_loop(lambda: publish(record([tick("A", "11", seconds=1)])))
        (quote,) = (await socket.hear_kinds("prices"))["quotes"]
    assert (quote["name"], quote["previous_close"]) == ("A Inc.", "10.00")


async def test_unknown_and_inactive_tickers_are_closed_with_4004(
    server: str, token: str, security: Callable[..., Security]
) -> None:
    await database_sync_to_async(security)("GONE", is_active=False)
    for choice in ("/NOPE", "/GONE", "?tickers=A,NOPE", "/%20"):
        async with opened(server, f"/ws/prices{choice}") as socket:
            assert await socket.hear_close() == 4004, choice


async def test_senseless_choices_are_closed_with_4000(server: str, token: str) -> None:
    half = "tickers=" + ",".join(["A"] * (MOST_ASKED_FOR // 2 + 1))
    for query in ("tickers=", "tickers=,,", f"{half}&{half}", "&".join(["a=1"] * 30)):
        async with opened(server, f"/ws/prices?{query}") as socket:
            assert await socket.hear_close() == 4000, query


async def test_where_nothing_answers_a_new_socket_is_not_kept_waiting_for_ever(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hung() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(consumers, "running_hub", hung)
    monkeypatch.setattr(protocol, "HEARTBEAT_SECONDS", 0.3)
    async with opened(server, "/ws/watchlist", token) as socket:
        assert await socket.hear_close() == 4103
    async with opened(server, "/ws/watchlist") as socket:
        await socket.say({"type": "auth", "token": token})
        assert await socket.hear_close() == 4103
    async with opened(server, "/ws/prices") as socket:
        assert await socket.hear_close() == 4103


async def test_where_nothing_answers_a_handshake_is_answered_all_the_same(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    running_hub = consumers.running_hub

    async def hung() -> Any:
        await asyncio.to_thread(answered.wait, WAIT_SECONDS)
        return await running_hub()

    monkeypatch.setattr(consumers, "running_hub", hung)
    monkeypatch.setattr("pricefeed.delivery.socket.HANDSHAKE_SECONDS", 0.2)
    for path in ("/ws/watchlist", "/ws/prices"):
        answered.clear()
        async with opened(server, path, token) as client:
            answered.set()
            await client.hear_kinds("welcome", "snapshot")


def test_who_does_not_wait_for_the_answer_to_its_handshake_is_dropped(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer to its ping would come before the one that it is to wait for."""
    is_read = threading.Event()

    async def hung() -> None:
        is_read.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(consumers, "running_hub", hung)
    client = RawClient(server, "/ws/watchlist", f"Authorization: Bearer {token}", waits=False)
    assert is_read.wait(WAIT_SECONDS)
    client.send(frame(PING))
    assert client.read_to_end() == b""


async def test_while_redis_is_away_sockets_are_asked_to_come_back(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(consumers, "running_hub", away)
    async with opened(server, "/ws/watchlist", token) as socket:
        assert await socket.hear_close() == 4103
    async with opened(server, "/ws/watchlist", "rubbish") as socket:
        assert await socket.hear_close() == 4001  # to come back would not help
