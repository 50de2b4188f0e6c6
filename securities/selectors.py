"""The only shaped reads of securities. Rows come with their quote, in the same query."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, QuerySet

from rest.errors import ApiError
from securities.models import Quote, Security
from securities.search.keeper import keeper
from securities.tickers import canonical_ticker

_SHOWN = 40  # characters of what somebody took for a ticker


class SecurityUnknown(ApiError):
    """There is no security with this ticker. Over REST: 404 `unknown_ticker`.

    `field` names it in the answer, where it is one of several.
    """

    def __init__(self, ticker: str, *, field: str | None = None) -> None:
        problem = "There is no security with this ticker."
        fields = {field: [f"{ticker[:_SHOWN]}: {problem}"]} if field else None
        super().__init__(404, "unknown_ticker", problem, fields=fields)
        self.ticker = ticker


def securities_with_quotes() -> QuerySet[Security]:
    """Every security, each with its quote (or none), in one query."""
    return Security.objects.select_related("quote")


def security_by_ticker(ticker: str) -> Security:
    """The security with this ticker, however written, active or not, with its quote.

    One query, none for what cannot be a ticker. Raises SecurityUnknown.
    """
    canonical = canonical_ticker(ticker)
    if canonical is None:
        raise SecurityUnknown(ticker)
    try:
        return securities_with_quotes().get(ticker=canonical)
    except Security.DoesNotExist:
        raise SecurityUnknown(ticker) from None


def securities_by_tickers(tickers: Iterable[str]) -> dict[str, Security]:
    """The securities among these tickers, active or not, by ticker. One query."""
    wanted = {canonical for ticker in tickers if (canonical := canonical_ticker(ticker))}
    return {row.ticker: row for row in securities_with_quotes().filter(ticker__in=wanted)}


class Meant(NamedTuple):
    """What a ticker, however written, stands for."""

    id: int
    is_active: bool


def securities_by_spelling(texts: Iterable[str]) -> dict[str, Security]:
    """The securities that these texts mean, active or not, by the text. One query, no quotes."""
    canonical = _canonical(texts)
    found = Security.objects.in_bulk(set(canonical.values()), field_name="ticker")
    return {text: found[ticker] for text, ticker in canonical.items() if ticker in found}


def meant_by(texts: Iterable[str]) -> dict[str, Meant]:
    """As `securities_by_spelling`, at a fifth of the cost, for thousands of texts."""
    canonical = _canonical(texts)
    rows = Security.objects.filter(ticker__in=set(canonical.values()))
    narrow = rows.values_list("ticker", "pk", "is_active")
    found = {ticker: Meant(pk, is_active) for ticker, pk, is_active in narrow}
    return {text: found[ticker] for text, ticker in canonical.items() if ticker in found}


def _canonical(texts: Iterable[str]) -> dict[str, str]:
    """The tickers that these can be, by the text."""
    return {text: ticker for text in texts if (ticker := canonical_ticker(text))}


def active_tickers_among(tickers: Iterable[str]) -> set[str]:
    """Those of the tickers that are active, in canonical form. One query that reads no quotes."""
    wanted = {canonical for ticker in tickers if (canonical := canonical_ticker(ticker))}
    active = Security.objects.filter(is_active=True, ticker__in=wanted)
    return set(active.values_list("ticker", flat=True))


def active_securities_in_order(ids: Sequence[int]) -> list[Security]:
    """The active ones among these ids, with quotes, in the order of `ids`. One query."""
    rows = securities_with_quotes().filter(is_active=True).in_bulk(list(ids))
    return [rows[pk] for pk in ids if pk in rows]


def active_securities_after(ticker: str, *, limit: int) -> list[Security]:
    """The first `limit` active ones whose tickers follow on this, by ticker. One query, no quotes.

    The ticker may be of a security that is no longer active, or that never was; all follow on "".
    """
    rows = Security.objects.filter(is_active=True, ticker__gt=ticker)
    return list(rows.order_by("ticker")[:limit])


def active_tickers() -> list[str]:
    """Every active ticker, sorted. One query that reads nothing else."""
    return list(
        Security.objects.filter(is_active=True).order_by("ticker").values_list("ticker", flat=True)
    )


def active_tickers_by_id() -> dict[int, str]:
    """Every active security's ticker, by id, ascending. One query that reads nothing else."""
    return dict(Security.objects.filter(is_active=True).order_by("pk").values_list("pk", "ticker"))


def newest_quote_time() -> datetime | None:
    """When the newest price was true; None without any.

    Reads every quote, as hot columns have no index: some milliseconds for 50,000 of them.
    """
    newest: datetime | None = Quote.objects.aggregate(newest=Max("updated_at"))["newest"]
    return newest


def securities_search(query: str, limit: int) -> list[Security]:
    """Active securities by ticker or name, best first, with quotes; see securities.search.index.

    One query, but for the first search of a process, which builds the index. An
    empty query gives the first by ticker. A change of the catalogue is seen a
    second later; what was deactivated is left out at once.
    """
    ids = keeper.index().search(query, limit)
    return active_securities_in_order(ids)
