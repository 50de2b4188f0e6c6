"""Sends committed quotes to the channel layer. Nothing else sends price messages.

The newest quotes go to Redis first, then one message to the group of each
changed ticker, then the mark; and a word to all where anomalies were found. A run that
died between commit and publish is repaired by the next one: everything newer than the
mark is published. Securities that were renamed or changed otherwise have everything
published once more, so that names in Redis and on hubs' boards are those of the catalogue.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from msgspec import UNSET, UnsetType

from pricefeed.delivery.groups import ANOMALIES_GROUP, FEED_GROUP, price_group
from pricefeed.delivery.latest import LatestWriter, Mark
from pricefeed.delivery.messages import AnomaliesFound, FeedMark, HubMessage, PriceChanged
from pricefeed.delivery.wire import WireQuote
from pricefeed.recording.quotes import Moved, Named
from pricefeed.recording.selectors import quotes_after, ticker_owners, without_quote
from pricefeed.recording.services import Recorded, begin_epoch
from securities import version
from securities.models import Quote, Security

log = structlog.get_logger(__name__)


def publish(
    recorded: Recorded,
    *,
    named_by: str | UnsetType | None = UNSET,
    delayed_since: int | UnsetType | None = UNSET,
    latest: LatestWriter | None = None,
) -> int:
    """Publish what was recorded, and what earlier runs left unpublished; returns how many prices.

    `named_by`: the version of the catalogue from before the names were read, None where it is
    not known; under another than today's they are read anew. Who has kept others from publishing
    meanwhile leaves it out.
    `delayed_since` (milliseconds) goes to the clients: the source has been in trouble since.
    Who has asked no source leaves it out.
    Where more has been published than the database knows of, it is an older one, restored:
    a new epoch begins; and where a security has let go of its ticker, which another one may
    get: the sequences of two securities say nothing about which quote is newer.
    Must be called under the `publication_lock`, so that publications follow each other as
    commits did. Delivery is at least once; hubs drop what they have. Raises what
    Redis raises: the mark then stays, and the next run repairs it.
    """
    latest = latest or LatestWriter()
    catalogue = version.current()  # first: what changes from here on is the next run's
    has_old_names = named_by is not UNSET and named_by != catalogue
    due = _due(recorded, latest, catalogue=catalogue, has_old_names=has_old_names)
    # Of commits whose turn has not come, too: they shall not put an older quote over a newer one.
    upto = max([due.recorded.upto, *(quote.sequence for quote in due.quotes)])
    epoch = str(due.recorded.epoch)
    _send(
        [
            (FEED_GROUP, FeedMark(epoch, due.after, done=False)),
            *([(ANOMALIES_GROUP, AnomaliesFound())] if due.may_have_anomalies else ()),
            *((price_group(quote.ticker), PriceChanged(quote)) for quote in due.quotes),
            (FEED_GROUP, FeedMark(epoch, upto, done=True, delayed_since=delayed_since)),
        ]
    )
    latest.set_mark(Mark(epoch, upto), catalogue=catalogue, delayed_since=delayed_since)
    return sum(quote.sequence > 0 for quote in due.quotes)


class _Due(NamedTuple):
    """What is to be published, in the epoch that it belongs to: everything newer than `after`."""

    recorded: Recorded
    after: int
    quotes: list[WireQuote]
    may_have_anomalies: bool


def _due(recorded: Recorded, latest: LatestWriter, *, catalogue: str, has_old_names: bool) -> _Due:
    """What was recorded alone, or with it what others left; its quotes are stored by then."""
    mark = latest.mark()
    if mark is not None and mark.epoch == str(recorded.epoch) and mark.sequence > recorded.after:
        log.warning("epoch_begun", cause="the database knows less than has been published")
        recorded = begin_epoch(recorded)
    if mark is None or mark.epoch != str(recorded.epoch):
        return _everything(recorded, latest, after=None)
    if latest.catalogue() != catalogue:
        return _everything(recorded, latest, after=mark.sequence)
    is_alone = mark.sequence == recorded.after and not has_old_names
    quotes = _encoded(recorded.quotes if is_alone else quotes_after(mark.sequence))
    latest.save(quotes)
    # What others left unpublished may have held some: who hears of it asks Postgres.
    return _Due(recorded, mark.sequence, quotes, recorded.anomaly_count > 0 or not is_alone)


def _everything(recorded: Recorded, latest: LatestWriter, *, after: int | None) -> _Due:
    """All quotes, stored in the place of what was there; `after` is None for a new epoch's."""
    owners = ticker_owners()  # before the quotes: later owners are the next run's
    if after is not None and latest.have_let_go(owners):
        log.warning("epoch_begun", cause="a security has let go of its ticker")
        recorded, after = begin_epoch(recorded), None
    quotes = _encoded([*quotes_after(0), *((each, None) for each in without_quote())])
    latest.save_all(quotes, owners=owners)
    return _Due(recorded, after or 0, quotes, may_have_anomalies=True)


def _encoded(quotes: Iterable[tuple[Security | Named, Quote | Moved | None]]) -> list[WireQuote]:
    return [WireQuote.of(security, quote) for security, quote in quotes]


@async_to_sync
async def _send(messages: Sequence[tuple[str, HubMessage]]) -> None:
    await get_channel_layer().group_send_many(messages)
