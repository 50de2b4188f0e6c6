"""`/health`: the process lives. `/health/ready`: it stays, and what it needs is there, by name."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from config.door import DRAINING
from config.questions import Question
from pricefeed.market import market_now, prices_are_a_vendors
from pricefeed.recording.selectors import feed
from pricefeed.sources.vendor import vendor_report
from rest.errors import NO_STORE, ApiError, error_response
from rest.views import only_read
from securities.redis_client import redis_client
from securities.selectors import newest_quote_time

# The whole answer shall come within three seconds.
_REDIS_SECONDS = 0.4  # asked twice at most
_POSTGRES_SECONDS = 2.2  # the pool of connections gives up, and says why, after 2

Check = Callable[[], dict[str, Any]]


class NotReady(Exception):
    """A check failed; the message says what is wrong, and holds no secret."""


@only_read
def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all; touches nothing else."""
    return JsonResponse({"status": "ok"}, headers=NO_STORE)


@only_read
def ready(request: HttpRequest) -> JsonResponse:
    """200 when no check has failed, else 503; the body names each with its state.

    `?only=draining` asks about this process alone, as a load balancer should: what all
    processes lack at once is no reason to take every one of them away.
    """
    only = request.GET.get("only")
    if only not in {None, "draining"}:
        return error_response(ApiError(400, "invalid", f"There is no check {only!r} to ask alone."))
    checks = _shared_checks() if only is None else {}
    if getattr(request, "scope", {}).get(DRAINING):  # only servers give a scope
        checks["draining"] = _failed("this process is leaving")
    is_ready = all(check["status"] != "failed" for check in checks.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": checks},
        status=200 if is_ready else 503,
        headers=NO_STORE,
    )


def _shared_checks() -> dict[str, dict[str, Any]]:
    """What every process needs."""
    checks = {"database": _run(_database_in_time), "redis": _run(check_redis)}
    if checks["database"]["status"] == "ok":
        checks["prices"] = _run(check_prices)
    else:  # it would only wait for the same thing again
        checks["prices"] = _failed("not known without the database")
    if prices_are_a_vendors() and checks["redis"]["status"] == "ok":
        checks["source"] = _run(check_source)
    return checks


def _run(check: Check) -> dict[str, Any]:
    try:
        return {"status": "ok", **check()}
    except NotReady as error:
        return _failed(str(error))
    except Exception as error:  # noqa: BLE001  drivers raise what they like; any of it means "away"
        return _failed(type(error).__name__)


def _failed(reason: str) -> dict[str, Any]:
    return {"status": "failed", "reason": reason}


def check_database() -> dict[str, Any]:
    """Postgres answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


_database = Question(check_database)


def _database_in_time() -> dict[str, Any]:
    """A Postgres that hangs keeps nobody waiting: unlike Redis it has no time-out of its own."""
    try:
        return _database.put().result(timeout=_POSTGRES_SECONDS)
    except TimeoutError:
        raise NotReady("no answer in time") from None


def check_redis() -> dict[str, Any]:
    """Redis answers."""
    with redis_client(timeout_seconds=_REDIS_SECONDS) as redis:
        redis.ping()
    return {}


def check_prices() -> dict[str, Any]:
    """The newest price is not older than PRICE_STALE_SECONDS; of a vendor's, the newest run.

    A vendor's prices are as old as its trades, and only what is watched has any.
    """
    if prices_are_a_vendors():
        return _check_runs()
    newest = newest_quote_time()
    if newest is None:
        raise NotReady("no price has been recorded yet")
    age = (timezone.now() - newest).total_seconds()
    if age > settings.PRICE_STALE_SECONDS:
        raise NotReady(f"the newest price is {age:.0f} s old")
    return {"age_seconds": round(age, 1)}


def _check_runs() -> dict[str, Any]:
    run_at = feed().run_at
    if run_at is None:
        raise NotReady("prices have not been asked for yet")
    age = (timezone.now() - run_at).total_seconds()
    if age > settings.PRICE_STALE_SECONDS:
        raise NotReady(f"prices were asked for {age:.0f} s ago")
    return {"age_seconds": round(age, 1)}


def check_source() -> dict[str, Any]:
    """How it is with the vendor. Its trouble is a note: nothing of ours would mend it."""
    report = vendor_report(timeout_seconds=_REDIS_SECONDS)
    assert report is not None  # it is asked where prices are a vendor's
    note = {"market": market_now().state, "unknown_tickers": len(report.unknown_tickers)}
    if report.delayed_since is None:
        return note
    delay = {"delayed_since": report.delayed_since, "reason": report.reason}
    return {"status": "delayed", **delay, **note}
