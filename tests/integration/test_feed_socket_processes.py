"""A feeder on a socket whose web process is killed: what was acknowledged is recorded, once."""

import itertools
import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from accounts.services import tokens_issue
from pricefeed.models import Tick
from securities.models import Security
from tests.integration.processes import Processes, wait_until
from tests.integration.waiting import await_all_recorded
from tests.integration.web import Web

KILLS = 2
TICKS = 20  # in a message
AHEAD = 30  # messages that may be without an answer


class Feeder:
    """Sends messages, each with a key or none, and after a cut those again that have no answer."""

    def __init__(self, tickers: list[str], token: str, *, with_keys: bool) -> None:
        self._tickers, self._token, self._with_keys = tickers, token, with_keys
        self._numbers = itertools.count(1)
        self._unanswered: list[int] = []
        self.acknowledged: set[int] = set()

    def feed(self, web: Web) -> None:
        """Until the connection breaks."""
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            with connect(
                f"ws{web.url.removeprefix('http')}/ws/feed", additional_headers=headers
            ) as socket:
                socket.recv(30)  # welcome
                again, self._unanswered, answered = self._unanswered, [], 0
                for message in itertools.chain(again, self._numbers):
                    self._unanswered.append(message)
                    socket.send(self._text(message))
                    while len(self._unanswered) >= AHEAD:
                        now_answered = messages_answered(socket)
                        self._answered(now_answered - answered)
                        answered = now_answered
        except (ConnectionClosed, ConnectionError):
            self._unanswered = sorted({*self._unanswered, *self._rest(again)})

    def _rest(self, again: list[int]) -> list[int]:
        return [message for message in again if message not in self.acknowledged]

    def _answered(self, count: int) -> None:
        self.acknowledged.update(self._unanswered[:count])
        del self._unanswered[:count]

    def _text(self, message: int) -> str:
        prices = range(message * TICKS, (message + 1) * TICKS)
        ticks = [{"ticker": ticker, "price": n} for n in prices for ticker in self._tickers]
        whole: Any = {"key": f"{message}", "ticks": ticks} if self._with_keys else ticks
        return json.dumps(whole)


def messages_answered(socket: ClientConnection) -> int:
    """By the next answer; before it may come that the feed is late, as it is after slow starts."""
    while (frame := json.loads(socket.recv(30)))["type"] == "heartbeat":
        pass
    assert frame["type"] == "ack", frame
    return int(frame["messages"])


def killed_again_and_again(processes: Processes, feeder: Feeder) -> None:
    chance = random.Random(5)
    with ThreadPoolExecutor() as pool:
        for _ in range(KILLS):
            web = Web(processes)
            before = len(feeder.acknowledged)
            feeding = pool.submit(feeder.feed, web)
            wait_until(
                lambda f=feeding, n=before: f.done() or len(feeder.acknowledged) > n,
                seconds=20,
                what="an answer",
            )
            time.sleep(chance.uniform(0, 0.3))
            web.running.popen.send_signal(signal.SIGKILL)
            feeding.result(20)
            assert len(feeder.acknowledged) > before


def recorded(security: Security, redis: Redis) -> list[int]:
    await_all_recorded(redis)
    rows = Tick.objects.filter(security=security).order_by("sequence")
    return [int(price) for price in rows.values_list("price", flat=True)]


def prices_of(messages: set[int]) -> list[int]:
    return [n for each in sorted(messages) for n in range(each * TICKS, (each + 1) * TICKS)]


def test_with_keys_each_tick_is_recorded_once_and_in_order(
    processes: Processes, market: list[Security], redis: Redis, feeder: User
) -> None:
    tickers = [each.ticker for each in market[:2]]
    sender = Feeder(tickers, str(tokens_issue(user=feeder).access), with_keys=True)
    processes.worker("-c", "2")
    processes.beat(PRICE_UPDATE_SECONDS="3600")
    killed_again_and_again(processes, sender)
    for each in market[:2]:
        found = recorded(each, redis)
        assert found == sorted(set(found))
        assert set(prices_of(sender.acknowledged)) <= set(found)


def test_without_keys_nothing_that_was_acknowledged_is_lost(
    processes: Processes, market: list[Security], redis: Redis, feeder: User
) -> None:
    sender = Feeder([market[0].ticker], str(tokens_issue(user=feeder).access), with_keys=False)
    processes.worker("-c", "2")
    processes.beat(PRICE_UPDATE_SECONDS="3600")
    killed_again_and_again(processes, sender)
    found = recorded(market[0], redis)
    assert set(prices_of(sender.acknowledged)) <= set(found)
