"""The end of a sign-in closes its sockets, whenever it comes, and no others."""

import asyncio
import threading
from collections.abc import Callable, Collection
from typing import Any

import pytest

from accounts import events
from accounts.events import Ended
from accounts.models import User
from accounts.services import password_change, tokens_end, tokens_issue
from accounts.tokens import Identity
from config import routing
from pricefeed.delivery import doubts
from pricefeed.delivery.doubts import Doubts
from pricefeed.delivery.messages import SessionEnded
from pricefeed.delivery.outlet import Outlet
from tests.conftest import PASSWORD
from tests.pricefeed.delivery.conftest import off_loop
from tests.pricefeed.delivery.test_sockets import opened

SIGNED_OUT, PASSWORD_CHANGED = 4005, 4006
NEW_PASSWORD = "another good passphrase 8"


class SlowIdentities:
    """In the place of those that config.routing asks: what happens before the answer arrives."""

    def __init__(self, meanwhile: Callable[[], Any]) -> None:
        self._asked, self._meanwhile = routing._identities, meanwhile

    async def get(self, token: str) -> Any:
        found = await self._asked.get(token)
        await off_loop(self._meanwhile)
        return found


async def test_a_sign_out_while_the_first_socket_of_a_process_signs_in_is_not_lost(
    server: str, market: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await off_loop(lambda: tokens_issue(user=alice))
    slow = SlowIdentities(lambda: tokens_end(raw=pair.refresh))
    monkeypatch.setattr(routing, "_identities", slow)
    async with opened(server, "/ws/watchlist", pair.access) as socket:
        assert await socket.hear_close() == SIGNED_OUT


async def test_a_sign_out_that_was_heard_before_a_socket_joined_closes_it(
    server: str, market: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await off_loop(lambda: tokens_issue(user=alice))
    is_heard = threading.Event()

    def sign_out() -> None:
        tokens_end(raw=pair.refresh)
        assert is_heard.wait(5)

    async with opened(server, "/ws/watchlist", pair.access) as there_before:
        await there_before.hear_kinds("welcome", "snapshot")
        monkeypatch.setattr(routing, "_identities", SlowIdentities(sign_out))
        async with opened(server, "/ws/watchlist", pair.access) as joining:
            assert await there_before.hear_close() == SIGNED_OUT
            is_heard.set()
            assert await joining.hear_close() == SIGNED_OUT


async def test_a_late_word_of_a_new_password_spares_who_signed_in_with_it(
    server: str, market: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await off_loop(lambda: tokens_issue(user=alice).access)
    late: list[tuple[Ended, ...]] = []
    monkeypatch.setattr(events, "_tell_or_owe", late.append)

    def change() -> str:
        password_change(user=alice, old_password=PASSWORD, new_password=NEW_PASSWORD)
        return tokens_issue(user=alice).access

    async with opened(server, "/ws/watchlist", old) as before:
        await before.hear_kinds("welcome", "snapshot")
        new = await off_loop(change)
        async with opened(server, "/ws/watchlist", new) as after:
            await after.hear_kinds("welcome", "snapshot")
            await off_loop(lambda: events._tell(*late[0]))
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

        identity = Identity(user_id, family="f", expires_at=0.0, stamp="s")
        super().__init__(send, kind="watchlist", identity=identity, on_free=lambda _: None)
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
    await asyncio.wait_for(living.answered.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_where_postgres_is_away_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "_RETRY_SECONDS", 0.01)
    living, socket = Dead(failures=2), Closed(1)
    made = Doubts(living=living)
    made.ended(SessionEnded(user=1, family=None, reason="disabled"), [socket])
    await looked_up(made, living)
    assert socket.code == 4007


async def test_who_joins_after_a_time_of_deafness_is_looked_up_too() -> None:
    living, socket = Dead(), Closed(1)
    made = Doubts(living=living)
    made.missed([])
    made.joined(socket)
    await looked_up(made, living)
    assert socket.code == 4001


async def test_who_joins_long_after_is_not_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "JOINING_SECONDS", 0.0)
    living, late, other = Dead(), Closed(1), Closed(2)
    made = Doubts(living=living)
    made.ended(SessionEnded(user=1, family=None, reason="disabled"), [])
    made.missed([other])
    made.joined(late)
    await looked_up(made, living)
    assert (late.code, other.code) == (0, 4001)
