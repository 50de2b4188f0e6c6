"""When to come back, when not, and how soon: against a server that says what it is told."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from frontend.console import follow
from frontend.console.closes import Verdict, verdict_of
from frontend.console.endings import SignInAgain, Stop, Unavailable
from frontend.console.follow import Follower
from frontend.console.quotes import Change, Quotes
from frontend.console.status import Status
from pricefeed.delivery import close_codes

WELCOME = {"type": "welcome", "protocol": 1, "heartbeat": 25, "epoch": "e"}
SNAPSHOT = {"type": "snapshot", "sequence": 7, "quotes": []}


class Bought:
    """A session that counts the tokens it has bought; first it fails by these errors."""

    def __init__(self, *errors: Exception) -> None:
        self.tokens = 1
        self._errors = list(errors)

    def access(self) -> str:
        if self._errors:
            raise self._errors.pop(0)
        return f"token {self.tokens}"

    def access_refused(self) -> None:
        self.tokens += 1


class Seen:
    """A view that remembers."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.lost = asyncio.Event()

    def changed(self, change: Change) -> None: ...

    def status(self, status: Status) -> None:
        self.statuses.append(status)
        if status.name == "reconnecting":
            self.lost.set()

    @property
    def names(self) -> list[str]:
        return [status.name for status in self.statuses]


Script = Sequence[dict[str, Any] | int | tuple[int, str]]


@asynccontextmanager
async def scripted(*scripts: Script) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Each connection hears its script, frames and then a close; the last says 4004.

    Gives the address, and a list of what clients said when they signed in.
    """
    said: list[dict[str, Any]] = []
    left = iter(scripts)

    async def serve_one(connection: ServerConnection) -> None:
        said.append(json.loads(await connection.recv()))
        for word in next(left, [4004]):
            if isinstance(word, int):
                await connection.close(word)
            elif isinstance(word, tuple):
                await connection.close(*word)
            else:
                await connection.send(json.dumps(word))

    async with serve(serve_one, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws/watchlist", said


async def follow_until_it_ends(url: str, session: Any, seen: Seen | None = None) -> Exception:
    follower = Follower(url=url, session=session, quotes=Quotes(), view=seen or Seen())
    with pytest.raises((Stop, SignInAgain)) as ended:
        async with asyncio.timeout(20):
            await follower.run()
    return ended.value


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The bounds of each random wait, which is then none."""
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.0

    monkeypatch.setattr(random, "uniform", uniform)
    return asked


def test_every_close_code_there_is_has_the_verdict_of_its_range() -> None:
    for code in close_codes.REASONS:
        stays = verdict_of(code) in {Verdict.STOP, Verdict.SIGN_IN}
        exceptions = {close_codes.BAD_TOKEN, close_codes.NO_AUTHENTICATION}
        assert stays == (code < 4100 and code not in exceptions), code
    assert verdict_of(4050) is Verdict.STOP
    assert {verdict_of(code) for code in (1001, 1006, 1012, 4150, 4999)} == {Verdict.COME_BACK}


async def test_it_resumes_where_it_was(delays: Any) -> None:
    async with scripted([WELCOME, SNAPSHOT, 4100]) as (url, said):
        await follow_until_it_ends(url, Bought())
    assert [message.get("since") for message in said] == [None, {"epoch": "e", "sequence": 7}]


async def test_waits_are_random_and_grow_to_eight_seconds(
    delays: list[tuple[float, float]],
) -> None:
    async with scripted(*[[4103]] * 7) as (url, _):
        await follow_until_it_ends(url, Bought())
    assert [low for low, _ in delays] == [0] * 7
    assert [high for _, high in delays] == [0.4, 0.8, 1.6, 3.2, 6.4, 8, 8]


@pytest.mark.parametrize(("proof_seconds", "bounds"), [(0.0, [0.4, 0.4]), (60.0, [0.4, 0.8])])
async def test_only_a_connection_that_has_held_ends_the_growing(
    delays: list[tuple[float, float]],
    monkeypatch: pytest.MonkeyPatch,
    proof_seconds: float,
    bounds: list[float],
) -> None:
    monkeypatch.setattr(follow, "_PROOF_SECONDS", proof_seconds)
    async with scripted(*[[WELCOME, SNAPSHOT, 4100]] * 2) as (url, _):
        await follow_until_it_ends(url, Bought())
    assert [high for _, high in delays] == bounds


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between connections, which then are none."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr(follow, "asyncio", SleeplessAsyncio(sleep))
    return asked


class SleeplessAsyncio:
    def __init__(self, sleep: Any) -> None:
        self.sleep = sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


async def test_who_is_sent_away_comes_back_when_it_was_told_to(
    delays: Any, slept: list[float]
) -> None:
    seen = Seen()
    goodbye = (4100, "going away; retry_after_ms=1234")
    async with scripted([WELCOME, SNAPSHOT, goodbye]) as (url, _):
        await follow_until_it_ends(url, Bought(), seen)
    assert slept == [1.234]
    status = next(each for each in seen.statuses if each.name == "reconnecting")
    assert "reconnecting in 1 s: the server is being restarted" in status.sentence()


async def test_who_is_sent_away_before_it_was_live_waits_longer_all_the_same(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda *bounds: bounds[1])
    goodbye = (4100, "going away; retry_after_ms=100")
    async with scripted([WELCOME, SNAPSHOT, goodbye], [goodbye], [goodbye]) as (url, _):
        await follow_until_it_ends(url, Bought())
    assert slept == [0.1, 0.8, 1.6]


@pytest.mark.parametrize(
    "close",
    [
        4100,
        (4100, "going away; retry_after_ms=soon"),
        (4100, "going away; retry_after_ms=9999999"),
        (4100, "going away; retry_after_ms=-5"),
        (4103, "overloaded; retry_after_ms=60000"),
    ],
)
async def test_without_a_hint_the_back_off_counts(
    close: Any, delays: list[Any], slept: list[float]
) -> None:
    async with scripted([WELCOME, SNAPSHOT, close]) as (url, _):
        await follow_until_it_ends(url, Bought())
    assert (slept, delays) == ([0.0], [(0, 0.4)])


async def test_too_many_connections_are_said_in_a_sentence() -> None:
    async with scripted([4029]) as (url, _):
        assert "Too many connections" in str(await follow_until_it_ends(url, Bought()))


async def test_an_expired_token_is_renewed_without_a_wait(delays: list[Any]) -> None:
    async with scripted([WELCOME, SNAPSHOT, 4101]) as (url, said):
        await follow_until_it_ends(url, Bought())
    assert [message["token"] for message in said] == ["token 1", "token 2"]
    assert delays == []


async def test_a_bad_token_is_renewed_once_and_then_asked_for(delays: list[Any]) -> None:
    async with scripted([4001], [4001]) as (url, said):
        assert isinstance(await follow_until_it_ends(url, Bought()), SignInAgain)
    assert [message["token"] for message in said] == ["token 1", "token 2"]


async def test_new_tokens_that_count_as_expired_at_once_do_not_make_it_race(
    delays: list[Any],
) -> None:
    async with scripted([4101], [4101], [4101]) as (url, _):
        await follow_until_it_ends(url, Bought())
    assert len(delays) == 2


@pytest.mark.parametrize("code", [4005, 4006, 4007])
async def test_the_end_of_a_sign_in_is_said(code: int) -> None:
    async with scripted([WELCOME, SNAPSHOT, code]) as (url, said):
        ended = await follow_until_it_ends(url, Bought())
    assert isinstance(ended, SignInAgain)
    assert len(said) == 1


@pytest.mark.parametrize("code", [4000, 4003, 4004, 4029, 4050])
async def test_where_it_is_not_wanted_it_does_not_come_back(code: int) -> None:
    async with scripted([code]) as (url, said):
        assert isinstance(await follow_until_it_ends(url, Bought()), Stop)
    assert len(said) == 1


async def test_silence_is_the_end_of_a_connection(
    delays: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_GRACE_SECONDS", 0.05)
    seen = Seen()

    async def silent(connection: ServerConnection) -> None:
        for frame in ({**WELCOME, "heartbeat": 0}, SNAPSHOT):
            await connection.send(json.dumps(frame))
        await connection.wait_closed()

    async with serve(silent, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        url = f"ws://127.0.0.1:{port}/"
        follower = Follower(url=url, session=None, quotes=Quotes(), view=seen)
        task = asyncio.create_task(follower.run())
        async with asyncio.timeout(20):
            await seen.lost.wait()
        task.cancel()
    assert "silent" in seen.statuses[seen.names.index("reconnecting")].reason


async def test_a_feed_that_has_stopped_is_said_and_that_it_is_back(delays: Any) -> None:
    seen = Seen()
    silent = {"type": "heartbeat", "sequence": 7, "at": 0, "stale_since": 1_000_000}
    async with scripted(
        [WELCOME, SNAPSHOT, silent, {**silent, "stale_since": None}, silent, 4100]
    ) as (url, _):
        await follow_until_it_ends(url, Bought(), seen)
    assert seen.names == [
        "connecting", "live", "stale", "live", "stale", "reconnecting", "connecting",
    ]  # fmt: skip
    assert seen.statuses[2].since == 1000
    assert seen.statuses[5].since == 1000  # its prices did not get younger by being away


async def test_a_source_in_trouble_is_said_until_the_server_takes_it_back(delays: Any) -> None:
    seen = Seen()
    well = {"type": "heartbeat", "sequence": 7, "at": 0, "stale_since": None, "delayed_since": None}
    late = {**well, "delayed_since": 900_000}
    silent = {**late, "stale_since": 950_000}
    prices = {"type": "prices", "sequence": 8, "quotes": []}
    script = [WELCOME, SNAPSHOT, late, prices, silent, late, well, late, 4100]
    async with scripted(script, [WELCOME, SNAPSHOT, 4004]) as (url, _):
        await follow_until_it_ends(url, Bought(), seen)
    assert seen.names == [
        "connecting", "live", "delayed", "delayed", "stale", "delayed", "live", "delayed",
        "reconnecting", "connecting", "live",
    ]  # fmt: skip
    assert [status.since for status in seen.statuses[2:4]] == [900, 900]
    assert seen.statuses[8].since == 900  # they had been late all the time


async def test_nonsense_is_a_broken_connection(delays: list[Any]) -> None:
    async with scripted([{"type": "snapshot"}]) as (url, said):
        await follow_until_it_ends(url, Bought())
    assert (len(said), len(delays)) == (2, 1)


async def test_another_protocol_is_not_guessed_at() -> None:
    async with scripted([{**WELCOME, "protocol": 2}]) as (url, _):
        assert "protocol 2" in str(await follow_until_it_ends(url, Bought()))


async def test_while_no_token_can_be_had_it_comes_back(delays: list[Any]) -> None:
    seen = Seen()
    session = Bought(Unavailable("away"), Unavailable("away"), Stop("enough"))
    await follow_until_it_ends("ws://127.0.0.1:9/", session, seen)
    reasons = [status.reason for status in seen.statuses if status.name == "reconnecting"]
    assert reasons == ["away", "away"]
    assert len(delays) == 2
