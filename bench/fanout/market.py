"""The database of the fan-out: securities, users with lists and tokens, prices that all move."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import cycle

from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from accounts.services import tokens_issue
from bench.fanout.plan import Guest, Newest, Opening, Plan
from bench.process import BenchmarkFailed
from pricefeed.recording.selectors import feed, quotes_after
from pricefeed.services import prices_update
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.money import price_text
from securities.services import securities_load
from watchlists.models import Watchlist, WatchlistItem

_BATCH = 5000
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


def open_market(plan: Plan) -> Newest:
    """The universe, with first prices."""
    securities_load(
        entries=[
            CatalogueEntry(ticker, f"Company {ticker} Inc.", "NASDAQ", "USD")
            for ticker in plan.universe()
        ]
    )
    return tick(plan.tickers)


def opening(plan: Plan, newest: Newest) -> Opening:
    """Users with watchlists, in bulk, and an access token for each."""
    lists = plan.lists()
    users = User.objects.bulk_create(
        [User(username=f"bench{number}", password="!") for number in range(plan.users)]
    )
    watchlists = Watchlist.objects.bulk_create([Watchlist(user=user) for user in users])
    ids = dict(Security.objects.values_list("ticker", "pk"))
    WatchlistItem.objects.bulk_create(
        [
            WatchlistItem(watchlist=watchlist, security_id=ids[ticker], position=position)
            for watchlist, tickers in zip(watchlists, lists, strict=True)
            for position, ticker in enumerate(tickers)
        ],
        batch_size=_BATCH,
    )
    guests = [
        Guest("/ws/watchlist", tokens_issue(user=user).access, tickers)
        for user, tickers in zip(users, lists, strict=True)
    ]
    return Opening(guests, newest)


def tick(tickers: int) -> Newest:
    """One run of the job; gives what was committed, as Postgres has it."""
    before = feed().sequence
    update = prices_update(source=_source, now=timezone.now())
    if update is None or update.published != tickers:
        raise BenchmarkFailed(f"A run of the feed published {update}, not {tickers} prices.")
    return {
        security.ticker: (quote.sequence, price_text(quote.price))
        for security, quote in quotes_after(before)
    }
