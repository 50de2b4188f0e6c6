"""The market's hours, by days that have been."""

from datetime import UTC, datetime, timedelta

import pytest

from pricefeed.market import market_at


def state(text: str) -> str:
    """At a moment in UTC."""
    return market_at(datetime.fromisoformat(text).replace(tzinfo=UTC)).state


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02T08:59:59", "closed"),  # a Monday in winter: New York is 5 hours behind
        ("2026-03-02T09:00:00", "pre"),
        ("2026-03-02T14:29:59", "pre"),
        ("2026-03-02T14:30:00", "open"),
        ("2026-03-02T20:59:59", "open"),
        ("2026-03-02T21:00:00", "post"),
        ("2026-03-03T00:59:59", "post"),
        ("2026-03-03T01:00:00", "closed"),
        ("2026-03-09T13:29:59", "pre"),  # summer time began the day before
        ("2026-03-09T13:30:00", "open"),
        ("2026-03-07T16:00:00", "closed"),  # Saturday
        ("2026-03-08T16:00:00", "closed"),  # Sunday
        ("2025-12-25T16:00:00", "closed"),  # Christmas
        ("2025-04-18T15:00:00", "closed"),  # Good Friday
        ("2026-07-03T15:00:00", "closed"),  # the 4th is a Saturday
        ("2025-01-09T16:00:00", "closed"),  # a day of mourning for a president
        ("2025-10-13T15:00:00", "open"),  # Columbus Day is no holiday there
        ("2025-11-28T17:59:59", "open"),  # the day after Thanksgiving closes at 13
        ("2025-11-28T18:00:00", "post"),
        ("2025-11-28T22:00:00", "closed"),
        ("2025-12-24T18:00:00", "post"),
        ("2025-07-03T17:00:00", "post"),
    ],
)
def test_the_state_of_the_market(moment: str, expected: str) -> None:
    assert state(moment) == expected


def test_it_says_when_it_will_be_another() -> None:
    friday = datetime(2026, 2, 13, 22, tzinfo=UTC)
    assert market_at(friday) == ("post", datetime(2026, 2, 14, 1, tzinfo=UTC))
    # Monday is Washington's birthday.
    assert market_at(friday + timedelta(hours=3)) == (
        "closed",
        datetime(2026, 2, 17, 9, tzinfo=UTC),
    )


def test_until_is_when_the_state_really_changes() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(300):
        market = market_at(moment)
        assert market.until > moment
        assert market_at(market.until - timedelta(seconds=1)).state == market.state
        assert market_at(market.until).state != market.state
        moment = market.until
