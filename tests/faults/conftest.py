"""Everything real, and broken on purpose. `make test-faults` runs these by themselves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.crowd import Crowd
from tests.faults.house import RECOVERY_SECONDS, TOLD_SECONDS, House
from tests.faults.member import Member
from tests.faults.person import Person
from tests.integration.conftest import wire  # noqa: F401  a fixture

Measure = Callable[[str, str], None]
_MEASURED: list[tuple[str, str]] = []


@contextmanager
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One with servers and data of its own."""
    made = House(tmp_path_factory.mktemp("house"))
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def whole_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory) as house:
        yield house


@pytest.fixture
def house(whole_house: House) -> House:
    """All programs are running, and prices flow."""
    whole_house.make_healthy()
    return whole_house


@pytest.fixture
def person(house: House) -> Iterator[Person]:
    made = Person(house, f"person{time.time_ns()}")
    yield made
    made.leave()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """Nobody yet; goes home with the test."""
    made = Crowd()
    yield made
    made.leave()


@pytest.fixture
def measure() -> Measure:
    """`measure("Redis killed", "1.2 s")`: shown when all tests have ended."""

    def note(what: str, result: str) -> None:
        _MEASURED.append((what, result))

    return note


class Watched:
    """A crowd that was well before the fault, and what became of it."""

    def __init__(self, house: House, crowd: Crowd, measure: Measure, name: str) -> None:
        self._house, self.crowd, self._measure, self._name = house, crowd, measure, name
        self.began = time.monotonic()

    def recovers(
        self, *, ended: float, told: int | None = None, within: float = RECOVERY_SECONDS
    ) -> None:
        """Newest prices for everybody within two periods of the fault's end, and honest clients.

        `told`: how many at least have to have been told meanwhile, or cut; None is everybody.
        """
        seconds = self._house.recovery(self.crowd, ended=ended)
        heard, all_of_them = self.crowd.told(since=self.began), len(self.crowd.members)
        self._measure(self._name, f"{seconds:.2f} s; told or cut: {heard} of {all_of_them}")
        self.crowd.assert_well_treated(since=self.began, limit_seconds=TOLD_SECONDS)
        assert seconds < within, f"prices came {seconds:.2f} s after the end"
        assert heard >= (all_of_them if told is None else told)


Watch = Callable[..., Watched]


@pytest.fixture
def watch(house: House, crowd: Crowd, measure: Measure) -> Watch:
    """`watch("Redis killed")`: a crowd on the shared web server that has the newest prices."""

    def begin(
        name: str, *, port: int | None = None, members: list[Member] | None = None
    ) -> Watched:
        crowd.join(port or house.web.port, *(members or house.members()))
        house.await_commit(seconds=20)
        crowd.await_holding(house.committed(), seconds=10)
        crowd.await_content(seconds=5)
        return Watched(house, crowd, measure, name)

    return begin


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _MEASURED:
        terminalreporter.section("measured")
        for what, result in _MEASURED:
            terminalreporter.line(f"{what:<58} {result}")
