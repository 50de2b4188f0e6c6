"""How serving processes are minded, with stand-ins for them: who dies when, and who hangs."""

import socket
from collections.abc import Iterator

import pytest

from config import processes
from config.processes import Processes
from tests.pricefeed.delivery.conftest import Clock

KILLED = -9


class StandIn:
    """A child that does what the test says."""

    born: list["StandIn"]

    def __init__(self, listener: socket.socket, *, is_replacement: bool) -> None:
        self.pid = len(self.born) + 1
        self.born.append(self)
        self.is_replacement = is_replacement
        self.is_serving = self.is_late = self.is_stopped = self.hangs = False
        self.code: int | None = None

    def look(self) -> int | None:
        return self.code

    def replaced(self) -> None:
        if not self.hangs:
            self.code = 0

    def stop(self) -> None:
        self.is_stopped = True
        self.replaced()

    def kill(self) -> None:
        self.code = KILLED

    def bury(self) -> None:
        assert self.code is not None


@pytest.fixture
def minder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Of two children, both of which serve."""
    monkeypatch.setattr(StandIn, "born", [], raising=False)
    monkeypatch.setattr(processes, "Child", StandIn)
    monkeypatch.setattr(processes, "_LOOK_SECONDS", 0.0)
    with socket.socket() as listener:
        made = Processes(listener, count=2, stop_seconds=1.0)
        made._look()
        for child in StandIn.born:
            child.is_serving = True
        yield made


def restart(minder: Processes, *, looks: int = 20) -> None:
    """To its end; whoever is started serves at once."""
    minder._is_restart_asked = True
    look(minder, looks)


def look(minder: Processes, looks: int) -> None:
    for _ in range(looks):
        minder._look()
        for child in StandIn.born:
            child.is_serving = True


def alive() -> list[int]:
    return [child.pid for child in StandIn.born if child.code is None]


def test_a_restart_replaces_each_once(minder: Processes) -> None:
    restart(minder)
    assert alive() == [3, 4]
    assert len(StandIn.born) == 4


@pytest.mark.parametrize("dying", [(0,), (1,), (0, 1)], ids=str)
@pytest.mark.parametrize("moment", range(1, 6))
def test_whoever_dies_in_a_restart_there_are_as_many_as_wanted_after_it_and_none_is_old(
    minder: Processes, dying: tuple[int, ...], moment: int
) -> None:
    minder._is_restart_asked = True
    look(minder, moment)
    for which in dying:
        StandIn.born[which].code = StandIn.born[which].code or 1
    look(minder, 20)
    assert len(alive()) == 2
    assert not {1, 2} & set(alive())
    assert len(StandIn.born) <= 5


def test_a_second_restart_replaces_as_many_as_the_first_although_one_died_in_it(
    minder: Processes,
) -> None:
    minder._is_restart_asked = True
    minder._look()
    StandIn.born[1].code = 1
    look(minder, 20)
    before = len(StandIn.born)
    restart(minder)
    assert len(StandIn.born) - before == 2


def test_one_that_dies_is_started_again_though_nobody_comes_up_in_a_restart(
    minder: Processes,
) -> None:
    minder._is_restart_asked = True
    minder._look()
    StandIn.born[1].code = 1  # an old one
    minder._look()
    assert StandIn.born[2].is_replacement
    StandIn.born[2].code = 1
    for _ in range(3):
        minder._look()
    assert alive() == [1, 4]


def test_one_that_hangs_while_it_starts_is_replaced(minder: Processes) -> None:
    StandIn.born[0].is_serving, StandIn.born[0].is_late = False, True
    look(minder, 3)
    assert alive() == [2, 3]


def test_one_that_hangs_when_it_is_replaced_is_killed_and_the_restart_goes_on(
    minder: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(processes, "time", clock)
    hanging = StandIn.born[0]
    hanging.hangs = True
    restart(minder)
    assert alive() == [1, 2, 3]
    clock.now += processes._LEISURE_SECONDS - 1
    look(minder, 1)
    assert not hanging.is_stopped
    clock.now += 2
    look(minder, 1)
    assert hanging.is_stopped
    assert alive() == [1, 2, 3]
    clock.now += minder._stop_seconds + 2
    look(minder, 20)
    assert hanging.code == KILLED
    assert alive() == [3, 4]


@pytest.mark.parametrize(("codes", "expected"), [((0, 0), 0), ((0, 1), 1), ((-9, 0), 1)], ids=str)
def test_it_ends_as_badly_as_the_worst(
    minder: Processes, codes: tuple[int, int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_with(child: StandIn) -> None:
        child.code = codes[child.pid - 1]

    monkeypatch.setattr(StandIn, "stop", end_with)
    assert minder._stop() == expected
