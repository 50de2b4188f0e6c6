"""Alpaca's market data: snapshots of many US securities in one request."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

import httpx
import msgspec
import structlog
from django.conf import settings

from pricefeed.sources.base import SourceError
from pricefeed.sources.vendor import VendorAnswer
from pricefeed.sources.vendor_http import VendorHttp
from pricefeed.ticks import Tick
from securities.tickers import canonical_ticker

log = structlog.get_logger(__name__)

_PATH = "/v2/stocks/snapshots"
_NEW_YORK = ZoneInfo("America/New_York")


class _Trade(msgspec.Struct):
    t: datetime
    p: Decimal


class _Bar(msgspec.Struct):
    t: datetime
    c: Decimal


class _Snapshot(msgspec.Struct, rename="camel"):
    """Of a security that has not been traded yet, parts are null or left out."""

    latest_trade: _Trade | None = None
    daily_bar: _Bar | None = None
    prev_daily_bar: _Bar | None = None

    def previous_close(self, at: datetime) -> Decimal | None:
        """The last close before the day of the trade.

        Until a day has its first regular trade, the newest bar is the day before's.
        """
        if self.daily_bar is not None and _day(self.daily_bar.t) < _day(at):
            return self.daily_bar.c
        return None if self.prev_daily_bar is None else self.prev_daily_bar.c


_decode_all = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_one = msgspec.json.Decoder(_Snapshot | None).decode


class AlpacaClient:
    """Asks `feed` ("iex" is free and sees one exchange, "sip" all) with a pair of keys."""

    name = "alpaca"

    def __init__(
        self, *, url: str, feed: str, key_id: str, secret_key: str, timeout_seconds: float = 5.0
    ) -> None:
        self._feed = feed
        headers = {"APCA-API-KEY-ID": key_id, "APCA-API-SECRET-KEY": secret_key}
        self._http = VendorHttp("Alpaca", url=url, headers=headers, timeout_seconds=timeout_seconds)

    @classmethod
    def from_settings(cls) -> Self:
        """As the ALPACA_… settings say. Raises SourceError without keys."""
        if not settings.ALPACA_KEY_ID or not settings.ALPACA_SECRET_KEY:
            raise SourceError(
                "PRICE_SOURCE is alpaca, but ALPACA_KEY_ID and ALPACA_SECRET_KEY are not both set.",
                retryable=False,
            )
        return cls(
            url=settings.ALPACA_URL,
            feed=settings.ALPACA_FEED,
            key_id=settings.ALPACA_KEY_ID,
            secret_key=settings.ALPACA_SECRET_KEY,
        )

    def quotes(self, tickers: Sequence[str]) -> VendorAnswer:
        """One request. Alpaca writes our tickers as we do (BRK.B). Raises SourceError."""
        status, body = self._http.get(_PATH, {"symbols": ",".join(tickers), "feed": self._feed})
        if status == httpx.codes.BAD_REQUEST:
            return VendorAnswer([], _named_in(body, tickers))
        try:
            snapshots = _decode_all(body)
        except msgspec.DecodeError as error:
            raise SourceError(
                f"Alpaca's answer is not what it should be: {error}.", retryable=True
            ) from error
        return _answer(tickers, snapshots)


def _answer(tickers: Sequence[str], snapshots: dict[str, msgspec.Raw]) -> VendorAnswer:
    """Each snapshot by itself: one that is broken does not lose its neighbours."""
    wanted = set(tickers)
    answer = VendorAnswer([], [])
    seen: set[str] = set()
    broken: list[str] = []
    for symbol, raw in snapshots.items():
        ticker = canonical_ticker(symbol)
        if ticker not in wanted:
            continue
        try:
            snapshot = _decode_one(raw)
        except msgspec.DecodeError:
            seen.add(ticker)
            broken.append(ticker)
            continue
        if snapshot is None:
            continue
        seen.add(ticker)
        if tick := _tick(ticker, snapshot):
            answer.ticks.append(tick)
    answer.missing.extend(ticker for ticker in tickers if ticker not in seen)
    if broken:
        log.warning("snapshots_not_read", vendor="alpaca", count=len(broken), tickers=broken[:5])
    return answer


def _tick(ticker: str, snapshot: _Snapshot) -> Tick | None:
    trade = snapshot.latest_trade
    if trade is None:
        return None
    at = _utc(trade.t)
    return Tick(ticker, trade.p, at, snapshot.previous_close(at))


def _named_in(body: bytes, tickers: Sequence[str]) -> list[str]:
    """The tickers for which Alpaca refused the request as a whole; the others come next time."""
    said = body[:2000].decode(errors="replace")
    if "invalid symbol" in said.lower():
        words = {word.strip(".,:;\"'{}()[]") for word in said.replace(",", " ").split()}
        named = [ticker for ticker in tickers if ticker in words]
        if named and (len(named) < len(tickers) or len(tickers) == 1):
            return named
    raise SourceError(f"Alpaca refuses the request: {said[:200]}", retryable=False)


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _day(time: datetime) -> int:
    return _utc(time).astimezone(_NEW_YORK).toordinal()
