"""How long a vendor is left alone, and when its trouble is told."""

import random
from functools import partial

import pytest
from redis import Redis

from pricefeed.sources.base import SourceError
from pricefeed.sources.vendor_health import SharedVendorHealth, VendorHealth, wait_seconds

TROUBLE = SourceError("It is away.", retryable=True)
HOPELESS = SourceError("It refuses our keys.", retryable=False)
NOW = 1_000_000_000

late = partial(VendorHealth.delayed_since, patience_seconds=15)


def busy(seconds: float) -> SourceError:
    return SourceError("Too many.", retryable=True, retry_after_seconds=seconds)


@pytest.mark.parametrize(("failures", "longest"), [(1, 1), (2, 2), (3, 4), (6, 32), (30, 300)])
def test_waits_double_up_to_five_minutes_and_half_of_each_is_chance(
    failures: int, longest: float
) -> None:
    wait = partial(wait_seconds, TROUBLE, failures=failures)
    assert (wait(chance=lambda: 0.0), wait(chance=lambda: 1.0)) == (longest / 2, longest)
    assert len({wait(chance=random.random) for _ in range(20)}) > 10


def test_what_trying_again_cannot_help_is_tried_again_after_a_minute() -> None:
    assert wait_seconds(HOPELESS, failures=1, chance=lambda: 0.0) == 60


@pytest.mark.parametrize(("asked", "least"), [(30, 30), (0, 0), (-5, 0), (10**9, 3600)])
def test_nobody_comes_back_sooner_than_asked_nor_waits_for_ever(asked: float, least: float) -> None:
    wait = partial(wait_seconds, busy(asked), failures=1)
    assert wait(chance=lambda: 0.0) == least
    assert least < wait(chance=lambda: 1.0) <= least * 1.1 + 1


def test_prices_are_late_since_the_last_good_answer() -> None:
    well = VendorHealth().well(now_ms=NOW)
    failed = well.failed(TROUBLE, now_ms=NOW + 5_000).failed(TROUBLE, now_ms=NOW + 9_000)
    assert (failed.failures, failed.failing_since, failed.reason) == (2, NOW, "It is away.")
    assert failed.well(now_ms=NOW + 20_000) == VendorHealth(well_at=NOW + 20_000)


def test_a_vendor_that_never_answered_is_late_since_it_was_first_asked() -> None:
    failed = VendorHealth().failed(TROUBLE, now_ms=NOW).failed(TROUBLE, now_ms=NOW + 9_000)
    assert failed.failing_since == NOW


def test_what_is_over_in_a_moment_is_not_told() -> None:
    failed = VendorHealth().well(now_ms=NOW).failed(TROUBLE, now_ms=NOW + 5_000)
    assert late(failed, now_ms=NOW + 14_999) is None
    assert late(failed, now_ms=NOW + 15_000) == NOW
    assert late(VendorHealth().well(now_ms=NOW), now_ms=NOW + 10**9) is None


def test_the_health_is_shared(redis: Redis, own_vendor_keys: str) -> None:
    ours, theirs = (SharedVendorHealth(redis, key=f"{own_vendor_keys}:health") for _ in range(2))
    assert ours.load() == VendorHealth()
    failed = VendorHealth().well(now_ms=NOW).failed(TROUBLE, now_ms=NOW + 5_000)
    ours.save(failed)
    assert theirs.load() == failed
