"""What becomes of a tick does not depend on the others in its message, or on how many there are."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pricefeed.sources.pushed.judging import TimeRange, judged
from pricefeed.sources.pushed.message import decode
from pricefeed.sources.pushed.tickers import INACTIVE, UNKNOWN

DAY = 86_400_000_000
TIMES = TimeRange(now=10 * DAY, earliest=3 * DAY, latest=10 * DAY + 10_000_000)
IDS = {"AAPL": 7, "BRK.B": 300, "GONE": INACTIVE, "NOBODY": UNKNOWN}

prices = st.sampled_from(["1.5", 12, 0.25, "0", "1E2", "nonsense", None, "1.0000001", "7" * 40])
times = st.sampled_from(
    [
        *(10 * DAY // 1000, 3 * DAY // 1000, 3 * DAY // 1000 - 1, 10 * DAY // 1000 + 10_000),
        *(10 * DAY // 1000 + 10_001, 0, -1, 2**62, 2**63, 10**30, None, True, 1.5),
        *("1970-01-09T00:00:00Z", "1970-01-09T02:00:00.000001+02:00", "1970-01-02T00:00:00Z"),
        *("1970-01-09T00:00:00", "yesterday"),
    ]
)
ticks = st.one_of(
    st.builds(
        lambda ticker, price, at: {"ticker": ticker, "price": price, "at": at},
        st.sampled_from([*IDS]),
        prices,
        times,
    ),
    st.just({"ticker": "AAPL", "price": "3"}),
    st.sampled_from([7, {}, {"ticker": "AAPL"}, {"ticker": "AAPL", "price": "1", "x": 1}]),
)


def judge(messages: list[Any]) -> tuple[list[tuple[int, ...]], list[tuple[int, str]]]:
    decoded = decode(json.dumps(messages).encode())
    taken, refused = judged(decoded, find=IDS.__getitem__, times=TIMES)
    rows = zip(taken.security.tolist(), taken.at.tolist(), taken.price.tolist(), strict=True)
    return [*rows], refused


@given(st.lists(ticks, max_size=8), st.booleans())
def test_each_tick_is_judged_as_if_it_were_alone(told: list[Any], are_many: bool) -> None:
    good = [{"ticker": "AAPL", "price": "1.5", "at": 10 * DAY // 1000}]
    told = good * 60 + told if are_many else told
    expected_rows, expected_codes = [], []
    for place, each in enumerate(told):
        rows, refused = judge([each])
        expected_rows += rows
        expected_codes += [(place, code) for _, code in refused]
    assert judge(told) == (expected_rows, expected_codes)


def test_times_are_believed_from_the_history_s_first_day_to_a_little_ahead() -> None:
    first, last = 3 * DAY // 1000, 10 * DAY // 1000 + 10_000
    told = [{"ticker": "AAPL", "price": "1", "at": at} for at in (first - 1, first, last, last + 1)]

    assert judge(told)[1] == [(0, "bad_time"), (3, "bad_time")]
    assert [at for _, at, _ in judge(told)[0]] == [first * 1000, last * 1000]


def test_without_a_time_it_is_when_it_arrives() -> None:
    many = [{"ticker": "BRK.B", "price": "1"}] * 60

    assert judge(many) == ([(300, -TIMES.now, 1_000_000)] * 60, [])
