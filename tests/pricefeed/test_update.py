"""One run of the feed, from source to channel layer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from pricefeed import services
from pricefeed.delivery import publish as publish_module
from pricefeed.delivery.latest import LatestReader, LatestWriter, Mark
from pricefeed.delivery.messages import FeedMark, HubMessage, PriceChanged
from pricefeed.models import Feed
from pricefeed.recording.services import record
from pricefeed.services import prices_update
from pricefeed.sources.base import SourceError
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.services import security_update
from tests.pricefeed.conftest import redis_loses_quotes

pytestmark = pytest.mark.django_db(transaction=True)
MakeTick = Callable[..., Tick]


class ScriptedSource:
    """Gives the ticks it was told to."""

    def __init__(self, *ticks: Tick) -> None:
        self.ticks = list(ticks)
        self.told: list[Instrument] = []

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        self.told = list(instruments)
        return self.ticks

    def catalogue(self) -> list[CatalogueEntry]:
        return []


@pytest.fixture(autouse=True)
def feed() -> Feed:
    return Feed.objects.get()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, HubMessage]]:
    """Everything that goes to the channel layer, which still sends it."""
    messages: list[tuple[str, HubMessage]] = []
    original = publish_module._send

    def send(batch: Sequence[tuple[str, HubMessage]]) -> None:
        original(batch)
        messages.extend(batch)

    monkeypatch.setattr(publish_module, "_send", send)
    return messages


def rename(security: Security, ticker: str, *, name: str) -> None:
    entry = CatalogueEntry(ticker, name, security.exchange, security.currency)
    security_update(security=security, entry=entry)


def prices(messages: list[tuple[str, HubMessage]]) -> list[tuple[str, int]]:
    return [
        (message.quote.ticker, message.quote.sequence)
        for _, message in messages
        if isinstance(message, PriceChanged)
    ]


def marks(messages: list[tuple[str, HubMessage]]) -> list[tuple[int, bool]]:
    return [
        (message.sequence, message.done) for _, message in messages if isinstance(message, FeedMark)
    ]


@pytest.fixture
def aapl(security: Callable[..., Security]) -> Security:
    return security("AAPL")


def test_a_run_records_then_publishes_then_moves_the_mark(
    aapl: Security, tick: MakeTick, sent: list[Any], feed: Feed
) -> None:
    update = prices_update(source=ScriptedSource(tick("AAPL", "10")))
    assert update == (1, 1)
    assert prices(sent) == [("AAPL", 1)]
    assert marks(sent) == [(0, False), (1, True)]
    assert LatestWriter().mark() == Mark(str(feed.epoch), 1)


def test_a_run_without_news_still_says_that_the_feed_lives(
    aapl: Security, tick: MakeTick, sent: list[Any]
) -> None:
    source = ScriptedSource(tick("AAPL", "10"))
    prices_update(source=source)
    sent.clear()
    assert prices_update(source=source) == (0, 0)
    assert marks(sent) == [(1, False), (1, True)]


def test_what_a_run_committed_before_it_died_is_published_by_the_next(
    aapl: Security,
    security: Callable[..., Security],
    tick: MakeTick,
    sent: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    security("MSFT")
    prices_update(source=ScriptedSource(tick("AAPL", "10")))

    def die(*_: object, **__: object) -> int:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(services, "publish", die)
        with pytest.raises(SystemExit):
            prices_update(source=ScriptedSource(tick("MSFT", "20")))
    sent.clear()
    update = prices_update(source=ScriptedSource(tick("AAPL", "11", seconds=5)))
    assert update == (1, 2)
    assert prices(sent) == [("MSFT", 2), ("AAPL", 3)]
    assert marks(sent) == [(1, False), (3, True)]


def test_a_publication_that_died_before_its_mark_is_repeated(
    aapl: Security, tick: MakeTick, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(LatestWriter, "set_mark", die)
        with pytest.raises(SystemExit):
            prices_update(source=ScriptedSource(tick("AAPL", "10")))
    sent.clear()
    prices_update(source=ScriptedSource())
    assert prices(sent) == [("AAPL", 1)]


def test_a_redis_that_lost_everything_is_filled_again(
    aapl: Security, security: Callable[..., Security], tick: MakeTick, sent: list[Any]
) -> None:
    security("MSFT")
    prices_update(source=ScriptedSource(tick("AAPL", "10"), tick("MSFT", "20")))
    redis_loses_quotes()
    sent.clear()
    prices_update(source=ScriptedSource())
    assert prices(sent) == [("AAPL", 1), ("MSFT", 2)]


def test_another_epoch_publishes_everything_anew(
    aapl: Security, tick: MakeTick, sent: list[Any]
) -> None:
    LatestWriter().set_mark(Mark("another-life", 10_000), catalogue="")
    prices_update(source=ScriptedSource(tick("AAPL", "10")))
    assert prices(sent) == [("AAPL", 1)]


def test_before_the_first_price_everything_is_published_once(
    aapl: Security, security: Callable[..., Security], sent: list[Any]
) -> None:
    security("MSFT")
    prices_update(source=ScriptedSource())
    assert prices(sent) == [("AAPL", 0), ("MSFT", 0)]
    sent.clear()
    prices_update(source=ScriptedSource())
    assert prices(sent) == []
    assert marks(sent) == [(0, False), (0, True)]


@pytest.mark.parametrize(("ticker", "after"), [("AAPL", 2), ("APPL", 0)])
def test_a_renamed_security_has_everything_published_once_more(
    aapl: Security,
    security: Callable[..., Security],
    tick: MakeTick,
    sent: list[Any],
    ticker: str,
    after: int,
) -> None:
    """In a new epoch where its ticker is free now."""
    security("MSFT")
    prices_update(source=ScriptedSource(tick("AAPL", "10"), tick("MSFT", "20")))
    rename(aapl, ticker, name="Apple Renamed")
    sent.clear()
    prices_update(source=ScriptedSource(tick("MSFT", "21", seconds=5)))
    assert prices(sent) == [(ticker, 1), ("MSFT", 3)]
    assert marks(sent) == [(after, False), (3, True)]
    stored, _ = async_to_sync(LatestReader().read)(["AAPL", "APPL", "MSFT"])
    assert [(quote.ticker, "Apple Renamed" in quote.identity) for quote in stored] == [
        (ticker, True),
        ("MSFT", False),
    ]
    sent.clear()
    prices_update(source=ScriptedSource(tick("MSFT", "22", seconds=9)))
    assert prices(sent) == [("MSFT", 4)]


def test_a_database_that_knows_less_than_was_published_begins_a_new_epoch(
    aapl: Security, tick: MakeTick, sent: list[Any], feed: Feed
) -> None:
    for step in range(3):
        prices_update(source=ScriptedSource(tick("AAPL", f"1{step}", seconds=step)))
    Feed.objects.update(sequence=1)  # as after a restored backup
    aapl.quote.delete()
    sent.clear()
    prices_update(source=ScriptedSource(tick("AAPL", "5", seconds=9)))
    (epoch,) = {each.epoch for _, each in sent if isinstance(each, FeedMark)}
    assert epoch == str(Feed.objects.get().epoch) != str(feed.epoch)
    assert prices(sent) == [("AAPL", 2)]
    assert LatestWriter().mark() == Mark(epoch, 2)


def test_a_second_run_in_the_same_period_records_nothing(aapl: Security, tick: MakeTick) -> None:
    assert prices_update(source=ScriptedSource(tick("AAPL", "10")), period_seconds=5)
    again = prices_update(source=ScriptedSource(tick("AAPL", "11", seconds=1)), period_seconds=5)
    assert again is None
    assert Feed.objects.get().sequence == 1


def test_the_source_is_told_of_active_securities_and_their_prices(
    aapl: Security, security: Callable[..., Security], tick: MakeTick
) -> None:
    security("GONE", is_active=False)
    record([tick("AAPL", "10")])
    source = ScriptedSource()
    prices_update(source=source)
    assert [(each.ticker, str(each.price)) for each in source.told] == [("AAPL", "10.000000")]


def test_a_source_that_fails_leaves_the_feed_free(aapl: Security, tick: MakeTick) -> None:
    class Broken(ScriptedSource):
        def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
            raise SourceError("the vendor is away", retryable=True)

    with pytest.raises(SourceError):
        prices_update(source=Broken())
    assert prices_update(source=ScriptedSource(tick("AAPL", "10"))) == (1, 1)


def test_a_redis_that_is_away_does_not_undo_what_was_recorded(
    aapl: Security, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(LatestWriter, "mark", away)
        with pytest.raises(ConnectionError):
            prices_update(source=ScriptedSource(tick("AAPL", "10")))
    assert Feed.objects.get().sequence == 1
    assert prices_update(source=ScriptedSource()) == (0, 1)
