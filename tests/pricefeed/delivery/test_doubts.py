"""The end of a sign-in closes its sockets, whenever it comes, and no others."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

import pytest
from django.db import connection

from accounts import events
from accounts.claims import Claims
from accounts.events import Ended
from accounts.models import User
from accounts.selectors import living_sessions
from accounts.services import TokenPair, password_change, tokens_end, tokens_issue
from pricefeed.delivery import doubts
from pricefeed.delivery.doubts import Doubts
from pricefeed.delivery.messages import SessionEnded
from pricefeed.delivery.outlet import Outlet
from tests.conftest import PASSWORD
from tests.pricefeed.delivery.client import SignedIn
from tests.pricefeed.delivery.conftest import off_loop
from tests.pricefeed.delivery.raw import RawClient
from tests.pricefeed.delivery.test_sockets import opened

BAD_TOKEN, SIGNED_OUT, PASSWORD_CHANGED = 4001, 4005, 4006
NEW_PASSWORD = "another good passphrase 8"


class Living:
    """What SESSIONS_LIVING names, and what happens between its look and its answer."""

    def __init__(self) -> None:
        self.meanwhile: list[Callable[[], Any]] = []

    def __call__(self, identities: Collection[Claims]) -> set[Claims]:
        found = living_sessions(identities)
        while self.meanwhile:  # as another process would: in a thread without an event loop
            other = threading.Thread(target=self.meanwhile.pop())
            other.start()
            other.join()
        return found


living = Living()


@pytest.fixture(autouse=True)
def looks(settings: Any) -> None:
    """Each hub of these tests looks up sign-ins by `living`."""
    settings.SESSIONS_LIVING = f"{__name__}.living"


@pytest.mark.parametrize("path", ["/ws/watchlist", "/ws/feed"])
@pytest.mark.parametrize("seconds", [0.0, 0.3], ids=["answer first", "word first"])
async def test_a_sign_out_while_the_first_socket_of_a_process_signs_in_is_not_lost(
    server: str, market: None, feeder: User, path: str, seconds: float
) -> None:
    pair = await off_loop(lambda: tokens_issue(user=feeder))
    living.meanwhile.append(lambda: sign_out(pair, then_wait=seconds))
    async with opened(server, path, pair.access) as socket:
        assert await socket.hear_close() == SIGNED_OUT
    assert not living.meanwhile


@pytest.mark.parametrize("path", ["/ws/watchlist", "/ws/feed"])
@pytest.mark.parametrize("seconds", [0.0, 0.3], ids=["answer first", "word first"])
async def test_a_sign_out_while_another_socket_signs_in_closes_both(
    server: str, market: None, feeder: User, path: str, seconds: float
) -> None:
    pair = await off_loop(lambda: tokens_issue(user=feeder))
    async with opened(server, path, pair.access) as there_before:
        await there_before.hear_kinds("welcome")
        living.meanwhile.append(lambda: sign_out(pair, then_wait=seconds))
        async with opened(server, path, pair.access) as joining:
            assert await joining.hear_close() == SIGNED_OUT
        assert await there_before.hear_close() == SIGNED_OUT


@pytest.mark.parametrize("path", ["/ws/watchlist", "/ws/feed"])
async def test_sockets_of_an_ended_sign_in_take_no_places_while_they_are_not_gone(
    server: str, market: None, feeder: User, settings: Any, path: str
) -> None:
    settings.SOCKETS_PER_USER = 2
    pair, other = await off_loop(lambda: [tokens_issue(user=feeder) for _ in range(2)])
    await off_loop(lambda: sign_out(pair, then_wait=0))
    clients = []
    for _ in range(3):
        clients.append(RawClient(server, path, f"Authorization: Bearer {pair.access}"))
        clients[-1].read_until(BAD_TOKEN.to_bytes(2, "big"))  # and does not answer
    async with opened(server, path, other.access) as socket:
        await socket.hear_kinds("welcome")
    for client in clients:
        client.close()


def sign_out(pair: TokenPair, *, then_wait: float) -> None:
    """And let the word of it reach whom it may."""
    assert pair.refresh is not None
    tokens_end(raw=pair.refresh)
    connection.close()
    time.sleep(then_wait)


async def test_a_late_word_of_a_new_password_spares_who_signed_in_with_it(
    server: str, market: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await off_loop(lambda: tokens_issue(user=alice).access)
    late: list[tuple[Ended, ...]] = []
    monkeypatch.setattr(events._ends, "_say_or_owe", late.append)

    def change() -> str:
        password_change(user=alice, old_password=PASSWORD, new_password=NEW_PASSWORD)
        return tokens_issue(user=alice).access

    async with opened(server, "/ws/watchlist", old) as before:
        await before.hear_kinds("welcome", "snapshot")
        new = await off_loop(change)
        async with opened(server, "/ws/watchlist", new) as after:
            await after.hear_kinds("welcome", "snapshot")
            await off_loop(lambda: events.tell_end(*late[0]))
            assert await before.hear_close() == PASSWORD_CHANGED
            await after.say({"type": "ping"})
            await after.hear_kinds("pong")


# -- Without a server -------------------------------------------------------------------------


class Closed(Outlet):
    """A socket of which only the end is of interest."""

    __slots__ = ("code",)

    def __init__(self, user_id: int) -> None:
        async def send(message: dict[str, Any]) -> None:
            pass

        super().__init__(send, kind="watchlist", identity=SignedIn(user_id), on_free=lambda _: None)
        self.code = 0

    def close(self, code: int, reason: str = "") -> None:
        self.code = code


class Dead:
    """Says that every sign-in has ended, after it has failed so often; counts what it answered."""

    def __init__(self, *, failures: int = 0) -> None:
        self.failures, self.answered = failures, asyncio.Event()

    async def __call__(self, identities: Collection[Any]) -> set[Any]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("Postgres is away")
        self.answered.set()
        return set()


async def looked_up(made: Doubts, living: Dead) -> None:
    running = asyncio.ensure_future(made.run())
    await asyncio.wait_for(living.answered.wait(), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_where_postgres_is_away_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "_RETRY_SECONDS", 0.01)
    living, socket = Dead(failures=2), Closed(1)
    made = Doubts(living=living)
    made.ended(SessionEnded(user=1, family=None, reason="disabled"), [socket])
    await looked_up(made, living)
    assert socket.code == 4007


async def test_after_a_time_of_deafness_everybody_is_looked_up() -> None:
    living, socket = Dead(), Closed(1)
    made = Doubts(living=living)
    made.missed([socket])
    await looked_up(made, living)
    assert socket.code == 4001
