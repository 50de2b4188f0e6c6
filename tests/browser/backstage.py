"""What others do behind the screen: operators, feeders, a vendor. `python -m` reads from its input.

One process for all of it, since each start takes seconds: a line is a call, a JSON list of a name
and arguments; the answer is a line, too: what went wrong, or nothing.
"""

import contextlib
import json
import sys
import traceback
from datetime import timedelta
from decimal import Decimal

import django


def prepare() -> None:
    """Make the tables and load the catalogue."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("load_securities")


def create_security(ticker: str) -> None:
    from securities.catalogue import CatalogueEntry
    from securities.services import security_create

    security_create(entry=CatalogueEntry(ticker, ticker, "NASDAQ", "USD"))


def set_active(ticker: str, *, active: bool) -> None:
    from securities.models import Security
    from securities.services import securities_set_active

    securities_set_active(securities=Security.objects.filter(ticker=ticker), active=active)


def watch(username: str, count: int) -> None:
    """Let a list that has one security have so many."""
    from securities.models import Security
    from watchlists.models import WatchlistItem

    item = WatchlistItem.objects.get(watchlist__user__username=username)
    others = Security.objects.filter(is_active=True).exclude(pk=item.security_id)[: count - 1]
    WatchlistItem.objects.bulk_create(
        WatchlistItem(watchlist=item.watchlist, security=security, position=position)
        for position, security in enumerate(others, item.position + 1)
    )


def jump(ticker: str, *, percent: int) -> None:
    """A price of 100 jumps, pushed as by a feeder."""
    from django.utils import timezone

    from pricefeed.delivery.publish import publish
    from pricefeed.recording.locks import publication_lock
    from pricefeed.recording.services import record
    from pricefeed.ticks import Tick

    now = timezone.now()
    ticks = [
        Tick(ticker, Decimal(100), now - timedelta(milliseconds=10)),
        Tick(ticker, Decimal(100 + percent), now),
    ]
    with publication_lock():
        publish(record(ticks))


def say_delayed(*, since_ms: int) -> None:
    """End a run as one does whose vendor has been in trouble since then."""
    from pricefeed.delivery.publish import publish
    from pricefeed.recording.selectors import feed
    from pricefeed.recording.services import Recorded

    found = feed()
    nothing = Recorded(found.epoch, found.sequence, found.sequence, 0, [])
    publish(nothing, delayed_since=since_ms)


CALLS = {
    each.__name__: each for each in (prepare, create_security, set_active, watch, jump, say_delayed)
}


def main() -> None:
    django.setup()
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            name, arguments, options = json.loads(line)
            problem = ""
            try:
                CALLS[name](*arguments, **options)
            except Exception:  # noqa: BLE001  whatever it is, the test shall say so
                problem = traceback.format_exc()
            print(json.dumps(problem), file=answers, flush=True)


if __name__ == "__main__":
    main()
