"""The database of a benchmark: securities, users with lists and tokens, prices that all move."""

import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import cycle

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.services import tokens_issue
from bench.market.plan import Guest, Newest, Opening, Plan
from bench.process import BenchmarkFailed
from pricefeed.delivery.publish import publish
from pricefeed.recording.locks import feed_lock, publication_lock
from pricefeed.recording.selectors import feed, instruments, quotes_after
from pricefeed.recording.services import record
from pricefeed.services import prices_update
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.money import price_text
from securities.services import securities_load
from watchlists.models import Watchlist

_COPY_ITEMS = (
    "COPY watchlists_watchlistitem (watchlist_id, security_id, position, added_at) FROM STDIN"
)
_PREVIOUS_CLOSE = Decimal("182.82")


class EverythingMoves:
    """A source for which no price ever stays: each tick adds some cents or takes them back."""

    def __init__(self) -> None:
        self._steps = cycle((Decimal("0.37"), Decimal("-0.37")))

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        step = next(self._steps)
        return [
            Tick(each.ticker, (each.price or _PREVIOUS_CLOSE) + step, now, _PREVIOUS_CLOSE)
            for each in instruments
        ]

    def catalogue(self) -> list[CatalogueEntry]:
        return []


_source = EverythingMoves()


def migrate() -> None:
    call_command("migrate", verbosity=0)


def load_securities(tickers: Sequence[str]) -> None:
    """Without prices."""
    securities_load(
        entries=[
            CatalogueEntry(ticker, f"Company {ticker} Inc.", "NASDAQ", "USD") for ticker in tickers
        ]
    )


def open_market(plan: Plan) -> Newest:
    """The universe, with first prices."""
    load_securities(plan.universe())
    return tick(plan.tickers)


def opening(plan: Plan, newest: Newest) -> Opening:
    """Users with watchlists, in bulk, and an access token for each."""
    lists = plan.lists()
    users = User.objects.bulk_create(
        [User(username=f"bench{number}", password="!") for number in range(plan.users)]
    )
    watchlists = Watchlist.objects.bulk_create([Watchlist(user=user) for user in users])
    ids = dict(Security.objects.values_list("ticker", "pk"))
    now = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY_ITEMS) as copy:
        for watchlist, tickers in zip(watchlists, lists, strict=True):
            for position, ticker in enumerate(tickers):
                copy.write_row((watchlist.pk, ids[ticker], position, now))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as Postgres itself does, sooner or later
    guests = [
        Guest("/ws/watchlist", tokens_issue(user=user).access, tickers)
        for user, tickers in zip(users, lists, strict=True)
    ]
    return Opening(guests, newest)


def tick(tickers: int) -> Newest:
    """One run of the job; gives what was committed, as Postgres has it."""
    before = feed().sequence
    update = prices_update(source=_source, now=timezone.now())
    _require(tickers, update.published if update else 0)
    return newest(after=before)


def commit(tickers: int) -> float:
    """What a run of the job does, and when it committed (in seconds of CLOCK_MONOTONIC)."""
    with feed_lock() as is_ours:
        if not is_ours:
            raise BenchmarkFailed("Another feed runs on this database.")
        now = timezone.now()
        ticks = _source.fetch(instruments(), now=now)
        with publication_lock():
            recorded = record(ticks)
            committed_at = time.monotonic()
            _require(tickers, publish(recorded))
    return committed_at


def newest(*, after: int = 0) -> Newest:
    """The prices in Postgres."""
    return {
        security.ticker: (quote.sequence, price_text(quote.price))
        for security, quote in quotes_after(after)
    }


def _require(tickers: int, published: int) -> None:
    if published != tickers:
        raise BenchmarkFailed(f"A run of the feed published {published} of {tickers} prices.")
