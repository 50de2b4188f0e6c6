"""The ingest benchmark: figures count only if each pushed tick was recorded once and in order."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from socket import create_server

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from bench.ingest.bodies import RUN, Bodies
from bench.ingest.clocks import Clocks
from bench.ingest.connection import Connection
from bench.ingest.figures import Span, figures
from bench.ingest.history import History, numbers_of, require_whole
from bench.ingest.load import Log, Sent
from bench.ingest.measure import measure
from bench.ingest.plan import Plan
from bench.ingest.probe import Seen
from bench.ingest.spikes import DOWN, UP, Spike, spikes
from bench.ingest.stage import OURS, PLAIN
from bench.process import BenchmarkFailed

IDS, LAPS, REQUESTS = [3, 5, 8], 4, 6


# -- What is pushed ------------------------------------------------------------------------------


def test_a_body_says_what_its_amounts_are_in_order_of_time() -> None:
    bodies = Bodies(["T00001", "T00007"], LAPS)
    ticks = msgspec.json.decode(
        bodies.body(2, begin_ms=1_770_000_000_000, end_ms=1_770_000_000_080)
    )

    assert len(ticks) == bodies.ticks
    assert [tick["ticker"] for tick in ticks] == ["T00001", "T00007"] * LAPS
    prices = [round(float(tick["price"]) * 1e6) for tick in ticks]
    assert prices == bodies.amounts(2).ravel().tolist()
    assert [tick["at"] for tick in ticks] == list(range(1_770_000_000_010, 1_770_000_000_081, 10))


def test_the_ticks_of_a_ticker_are_numbered_from_request_to_request() -> None:
    bodies = Bodies(["A", "B"], 300)
    runs = np.concatenate([bodies.amounts(request) for request in range(40)]) % RUN

    assert (runs == (np.arange(40 * 300) % RUN)[:, np.newaxis]).all()


def test_prices_move_by_more_than_two_percent_in_spikes_alone() -> None:
    bodies = Bodies([f"T{n:05d}" for n in range(9)], LAPS)
    for request in range(30):
        amounts = bodies.amounts(request)
        others = np.ones(amounts.shape, np.bool_)
        others[bodies.spike(request)] = False
        median = np.median(amounts, axis=0)
        assert (abs(amounts / median - 1)[others] < 0.02).all()
        assert amounts[bodies.spike(request)] > 1.03 * median[bodies.spike(request)[1]]


def test_every_ticker_has_one_feeder() -> None:
    plan = Plan(tickers=10, feeders=3, request=100)

    assert sorted(ticker for share in plan.shares() for ticker in share) == plan.universe()
    assert plan.laps == 30


# -- What was recorded ---------------------------------------------------------------------------


def recorded() -> tuple[Bodies, History]:
    """As it should be: numbers in the order in which it was pushed."""
    bodies = Bodies(["A", "B", "C"], LAPS)
    count = LAPS * REQUESTS
    pushed = np.concatenate([bodies.amounts(request) for request in range(REQUESTS)])
    numbers = np.arange(1, count * 3 + 1).reshape(count, 3)
    return bodies, History(
        np.repeat(IDS, count),
        np.tile(np.arange(count), 3),
        numbers.T.ravel(),
        pushed.T.ravel(),
    )


def test_the_numbers_of_a_feeder_are_by_request_lap_and_ticker() -> None:
    bodies, history = recorded()
    require_whole(history)
    numbers = numbers_of(history, bodies, IDS, REQUESTS)

    assert numbers.shape == (REQUESTS, LAPS, 3)
    assert numbers.ravel().tolist() == list(range(1, LAPS * REQUESTS * 3 + 1))


def without_one(history: History) -> History:
    return History(*(np.delete(column, 7) for column in history))


def with_one_twice(history: History) -> History:
    return History(*(np.insert(column, 7, column[7]) for column in history))


def with_two_exchanged(history: History) -> History:
    history.price[[6, 7]] = history.price[[7, 6]]
    return history


def with_one_a_millionth_higher(history: History) -> History:
    history.price[7] += 1
    return history


def with_one_late(history: History) -> History:
    history.at[7] = 0
    return history


@pytest.mark.parametrize(
    "change",
    [
        without_one,
        with_one_twice,
        with_two_exchanged,
        with_one_a_millionth_higher,
        with_one_late,
    ],
)
def test_a_history_that_is_not_exactly_what_was_pushed_is_found(
    change: Callable[[History], History],
) -> None:
    bodies, history = recorded()
    with pytest.raises(BenchmarkFailed):
        numbers_of(change(history), bodies, IDS, REQUESTS)


@pytest.mark.parametrize("change", [without_one, with_one_twice])
def test_numbers_with_holes_or_twice_are_found(change: Callable[[History], History]) -> None:
    with pytest.raises(BenchmarkFailed):
        require_whole(change(recorded()[1]))


# -- Figures -------------------------------------------------------------------------------------


def clocks(at: float, web: float) -> Clocks:
    return Clocks(at, {"web": web})


SPAN = Span(clocks(10.0, 1.0), clocks(14.0, 5.0))


def log_of(due: list[float], seen: list[tuple[float, int]]) -> Log:
    """One feeder, and looks at the commits; published a tenth of a second later."""
    at = np.array([moment for look, _ in seen for moment in (look, look + 0.1)])
    committed = np.repeat([number for _, number in seen], 2)
    published = np.array([0, *committed[:-1]])
    return Log([[Sent(moment, moment) for moment in due]], Seen(at, committed, published), 0)


def test_delays_are_from_when_a_request_was_due_until_others_could_see_its_ticks() -> None:
    log = log_of([9.0, 11.0, 12.0], [(9.5, 2), (11.25, 3), (12.75, 6)])
    numbers = np.arange(1, 7).reshape(3, 2, 1)
    result = figures(log, [numbers], SPAN)

    assert result.committed.tolist() == pytest.approx([0.25, 1.75, 0.75, 0.75])
    assert result.published.tolist() == pytest.approx([0.35, 1.85, 0.85, 0.85])
    assert result.rate == 1.0  # from 2 to 6 in four seconds
    assert result.cpu_us == {"web": 1e6}


def test_a_tick_that_nobody_saw_has_no_delay_that_would_pass() -> None:
    result = figures(log_of([11.0], [(11.5, 1)]), [np.array([[[1], [2]]])], SPAN)

    assert result.committed.tolist() == [0.5, np.inf]


def test_a_feeder_that_pushed_nothing_meanwhile_takes_no_figures_away() -> None:
    log = log_of([11.0], [(11.5, 2)])
    log.sent.append([Sent(9.0, 9.0)])
    result = figures(log, [np.array([[[1], [2]]]), np.array([[[3], [4]]])], SPAN)

    assert result.committed.tolist() == [0.5, 0.5]


# -- Spikes --------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(900, 1100)), max_size=40),
)
def test_the_oracle_says_what_the_definition_says(steps: list[tuple[int, int]]) -> None:
    at = np.cumsum([step for step, _ in steps]).tolist()
    price = [amount for _, amount in steps]
    expected = []
    for place, (moment, amount) in enumerate(zip(at, price, strict=True)):
        before = [
            price[other] for other in range(place) if at[other] >= moment - 1000
        ]  # by order and age
        for direction, reference, is_spike in (
            (UP, min(before, default=0), before and amount * 100 > min(before) * 102),
            (DOWN, max(before, default=0), before and amount * 100 < max(before) * 98),
        ):
            begun = [each.at for each in expected if each.direction == direction]
            if is_spike and all(moment - since > 1000 for since in begun):
                expected.append(Spike(direction, moment, amount, reference))
    assert spikes(at, price, window_ms=1000, threshold_percent="2.0") == expected


# -- The connection ------------------------------------------------------------------------------


@pytest.fixture
def server_that_says() -> Iterator[Callable[..., int]]:
    """Answers one request after another with what it was told; gives its port."""
    listener = create_server(("127.0.0.1", 0))
    threads = []

    def answer(*answers: bytes) -> int:
        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                for each in answers:
                    request = b""
                    while not request.endswith(b"\r\n\r\n[]"):
                        request += connection.recv(65_536)
                    connection.sendall(each)

        threads.append(threading.Thread(target=run))
        threads[0].start()
        return int(listener.getsockname()[1])

    yield answer
    listener.close()
    for thread in threads:
        thread.join(10)


def http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_who_is_told_to_wait_sends_again(
    server_that_says: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.ingest.connection._RETRY_SECONDS", 0.0)
    port = server_that_says(
        http("503 Busy", b"{}"), http("202 Accepted", b'{"accepted":2,"refused":[]}')
    )
    connection = Connection(port, "token")

    assert connection.push(b"[]", 2) == 1
    connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        http("202 Accepted", b'{"accepted":1,"refused":[{"index":0,"code":"bad_price"}]}'),
        http("401 Unauthorized", b"{}"),
        b"",
    ],
)
def test_an_answer_that_is_not_all_taken_ends_the_benchmark(
    server_that_says: Callable[..., int], answer: bytes
) -> None:
    connection = Connection(server_that_says(answer), "token")
    with pytest.raises(BenchmarkFailed):
        connection.push(b"[]", 2)
    connection.close()


# -- All of it, in small -------------------------------------------------------------------------

SMALL = Plan(tickers=20, feeders=2, request=200, window=2000, search_seconds=2.0, hold_seconds=2.0)


def test_what_is_pushed_is_recorded_published_and_measured(redis_of_its_own: Redis) -> None:
    result = measure(OURS, SMALL, looks_for_spikes=True)

    assert result.held.rate > 0
    assert set(result.held.cpu_us) == {"web", "workers", "Postgres", "Redis", "client"}
    assert min(result.held.cpu_us.values()) > 0
    assert 0 < np.median(result.held.committed) <= np.median(result.held.published)
    assert result.anomalies
    assert redis_of_its_own.dbsize() == 0


def test_the_plain_way_records_the_same(redis_of_its_own: Redis) -> None:
    result = measure(PLAIN, replace(SMALL, request=20, window=200), looks_for_spikes=False)

    assert result.ticks > 0
    assert set(result.held.cpu_us) == {"web", "Postgres", "Redis", "client"}
