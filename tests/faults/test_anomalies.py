"""Whatever dies on the way: of anomalies nothing is missing, and nothing comes twice."""

import json
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.sync.client import connect

from tests.faults.conftest import open_house
from tests.faults.house import House
from tests.integration.processes import wait_until

MANY = {"ANOMALY_WINDOW_MS": "3000", "ANOMALY_THRESHOLD_PERCENT": "1"}
"""Steps of up to five percent each second: some are found in every run."""
FOLLOWERS = 6
AWAY_SECONDS = 4.0


class Follower(threading.Thread):
    """Listens, comes back when it is cut off, and notes every id that it is told."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._address = f"ws://127.0.0.1:{port}/ws/anomalies"
        self.began: int | None = None
        self.ids: list[int] = []
        self.returns = 0
        self.is_leaving = threading.Event()

    @property
    def since(self) -> int | None:
        return self.ids[-1] if self.ids else self.began

    def run(self) -> None:
        while not self.is_leaving.is_set():
            try:
                self._listen()
            except (OSError, ConnectionClosed, InvalidMessage):
                self.returns += 1
                time.sleep(0.2)

    def _listen(self) -> None:
        query = "" if self.since is None else f"?since={self.since}"
        with connect(self._address + query, open_timeout=3, close_timeout=0.2) as client:
            while not self.is_leaving.is_set():
                try:
                    frame = json.loads(client.recv(timeout=0.2))
                except TimeoutError:
                    continue
                if frame["type"] == "welcome" and self.began is None:
                    self.began = frame["since"]
                self.ids += [each["id"] for each in frame.get("anomalies", ())]


@pytest.fixture(scope="module")
def whole_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Another than the other tests have: by these rules more is found than by those they expect."""
    with open_house(tmp_path_factory) as house:
        yield house


@pytest.fixture
def followers(house: House) -> Iterator[list[Follower]]:
    house.borrow("worker", **MANY)
    made = [Follower(house.web.port) for _ in range(FOLLOWERS)]
    for each in made:
        each.start()
    yield made
    for each in made:
        each.is_leaving.set()
        each.join(10)


def committed(house: House, *, after: int) -> list[int]:
    with psycopg.connect(house.postgres.url) as connection:
        query = "SELECT id FROM pricefeed_anomaly WHERE id > %s ORDER BY id"
        return [row[0] for row in connection.execute(query, [after])]


def hear(followers: list[Follower], *, more: int = 1) -> None:
    """Until everybody has been told of some more."""
    before = [len(each.ids) for each in followers]

    def have_heard() -> bool:
        return all(len(f.ids) >= n + more for f, n in zip(followers, before, strict=True))

    wait_until(have_heard, seconds=30, what=f"more than {before}")


def test_followers_miss_nothing_whatever_dies(house: House, followers: list[Follower]) -> None:
    hear(followers)
    house.valkey.kill()
    time.sleep(AWAY_SECONDS)
    house.valkey.start()
    hear(followers)
    one, *_ = house.web.serving()
    one.kill()
    wait_until(lambda: any(f.returns for f in followers), seconds=10, what="somebody cut off")
    hear(followers)
    house.postgres.stop_at_once()
    time.sleep(1)
    house.postgres.start()
    hear(followers)
    house.kill("worker")
    house.start("worker", **MANY)
    hear(followers)
    house.running["worker"].stop()

    began = min(each.began for each in followers if each.began is not None)
    ids = committed(house, after=began)
    for each in followers:
        assert each.began is not None
        expected = [id_ for id_ in ids if id_ > each.began]
        wait_until(lambda e=each, ex=expected: e.ids[-1] >= ex[-1], seconds=10, what="the last")
        assert each.ids == expected
