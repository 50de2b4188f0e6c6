"""The log of anomalies in memory: pages from any place in it, of all or of one security."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricefeed.delivery import anomalies_tail
from pricefeed.delivery.anomalies_tail import Page, Tail, page_of
from pricefeed.delivery.anomalies_wire import WireAnomaly

Found = list[WireAnomaly]


def anomaly(pk: int, security_id: int = 1) -> WireAnomaly:
    return WireAnomaly(pk, security_id, json.dumps({"id": pk}))


def ids(page: Page) -> list[int]:
    frame = json.loads(page.text) if page.text else {"anomalies": []}
    return [each["id"] for each in frame["anomalies"]]


@st.composite
def logs(draw: st.DrawFn) -> list[Found]:
    """What is read bit by bit: ids that grow, with gaps, of three securities."""
    steps = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=60))
    log, pk = [], 0
    for step, security_id in steps:
        pk += step
        log.append(anomaly(pk, security_id))
    cut = draw(st.integers(0, len(log)))
    return [log[:cut], log[cut : cut + 20], log[cut + 20 :]]


@pytest.fixture(autouse=True, scope="module")
def _small() -> object:
    """Pages of seven and a tail of ten, so that few anomalies go through everything."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(anomalies_tail, "PAGE_LENGTH", 7)
        patched.setattr(anomalies_tail, "TAIL_LENGTH", 10)
        yield


@given(log=logs(), security_id=st.sampled_from([None, 1, 2, 3]), position=st.integers(0, 200))
def test_pages_from_any_place_give_what_follows_each_once_and_end_at_the_last(
    log: list[Found], security_id: int | None, position: int
) -> None:
    first, *rest = log
    tail = Tail(first[-10:])
    for part in rest:
        if part:
            tail.extend(part)
    everything = [each for part in log for each in part]
    position = max(position, tail.begins_after)
    expected = [
        each.id
        for each in everything
        if each.id > position and security_id in {None, each.security_id}
    ]
    told: list[int] = []
    while position < tail.last:
        page = tail.page(position, security_id)
        assert page.position > position
        told += ids(page)
        position = page.position
    assert told == expected
    assert len(tail._anomalies) <= 20


def test_what_was_read_beyond_the_tail_is_not_told_again() -> None:
    assert page_of([anomaly(4), anomaly(9)], upto=7).position == 9


def test_where_less_than_a_page_is_left_everything_up_to_the_tail_has_been_told() -> None:
    assert page_of([anomaly(4)], upto=7).position == 7
    assert page_of([], upto=7) == Page(None, 7)


def test_a_full_page_says_nothing_of_what_follows() -> None:
    assert page_of([anomaly(n) for n in range(1, 8)], upto=70).position == 7
