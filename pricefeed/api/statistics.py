"""Statistics of what was recorded; public, and so it looks at no token."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pricefeed.recording.analytics.selectors import Statistics, statistics_of
from rest.schema import error_responses
from rest.views import PublicEndpoint
from securities.api.parameters import TICKER
from securities.models import Security
from securities.money import price_text
from securities.selectors import (
    SecurityUnknown,
    active_securities_after,
    securities_by_spelling,
    security_by_ticker,
)
from securities.tickers import MOST_ASKED_FOR, TICKER_LENGTH, canonical_or_same, ticker_list
from securities.times import milliseconds


class StatisticsParameters(serializers.Serializer[Any]):
    """The query string of a list of statistics."""

    tickers = serializers.CharField(
        required=False,
        help_text=f"Up to {MOST_ASKED_FOR:,} with commas between, in any spelling, active or not. "
        "Without it: the active ones, by ticker.",
    )
    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=MOST_ASKED_FOR, help_text="Without `tickers` only."
    )
    after = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=TICKER_LENGTH,
        help_text="The last ticker of the page before. Without `tickers` only.",
    )

    def validate_tickers(self, text: str) -> list[str]:
        try:
            return ticker_list(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class StatisticsOutput(serializers.Serializer[Any]):
    """Statistics, for the schema; `_json` makes them."""

    ticker = serializers.CharField()
    count = serializers.IntegerField(help_text="All prices ever recorded.")
    minimum = serializers.CharField(allow_null=True, help_text="Of all of them, as the maximum.")
    maximum = serializers.CharField(allow_null=True)
    moving_average = serializers.CharField(
        allow_null=True, help_text="Of the last `window` prices by their own time; six decimals."
    )
    window = serializers.IntegerField(help_text="64, or fewer while there are not so many.")
    updated_at = serializers.IntegerField(
        allow_null=True, help_text="The time of the last price: UTC, milliseconds."
    )


_APPLE = {
    "ticker": "AAPL",
    "count": 5117,
    "minimum": "171.10",
    "maximum": "190.05",
    "moving_average": "187.281875",
    "window": 64,
    "updated_at": 1770033601123,
}
_NEW = {
    "ticker": "NEW",
    "count": 0,
    "minimum": None,
    "maximum": None,
    "moving_average": None,
    "window": 0,
    "updated_at": None,
}


class SecurityStatisticsView(PublicEndpoint):
    """One security's."""

    @extend_schema(
        operation_id="securities_statistics",
        tags=["securities"],
        summary="Count, minimum, maximum and moving average of one security's prices",
        description="Also of a security that is no longer active.",
        parameters=[TICKER],
        responses={
            200: OpenApiResponse(
                StatisticsOutput,
                examples=[
                    OpenApiExample("Apple", value=_APPLE),
                    OpenApiExample("No price yet", value=_NEW),
                ],
            ),
            **error_responses("unknown_ticker"),
        },
    )
    def get(self, request: Request, ticker: str) -> Response:
        (found,) = _statistics([security_by_ticker(ticker)])
        return Response(found)


class StatisticsView(PublicEndpoint):
    """Those of many."""

    @extend_schema(
        operation_id="statistics",
        tags=["securities"],
        summary="Statistics of several securities",
        description=(
            "Those of `tickers`, in this order and each once; or page by page of all that are "
            "active: `after` is the last ticker of the page before."
        ),
        parameters=[StatisticsParameters],
        responses={
            200: OpenApiResponse(
                StatisticsOutput(many=True), examples=[OpenApiExample("Apple", value=_APPLE)]
            ),
            **error_responses("invalid", "unknown_ticker"),
        },
    )
    def get(self, request: Request) -> Response:
        wanted = StatisticsParameters(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        if "tickers" in asked:
            return Response(_statistics(_known(asked["tickers"])))
        page = active_securities_after(canonical_or_same(asked["after"]), limit=asked["limit"])
        return Response(_statistics(page))


def _known(tickers: Sequence[str]) -> list[Security]:
    """The securities with these tickers, in order. Raises SecurityUnknown."""
    known = securities_by_spelling(tickers)
    for ticker in tickers:
        if ticker not in known:
            raise SecurityUnknown(ticker, field="tickers")
    return [known[ticker] for ticker in tickers]


def _statistics(securities: Sequence[Security]) -> list[dict[str, Any]]:
    found = statistics_of(securities)
    return [_json(each, its) for each, its in zip(securities, found, strict=True)]


def _json(security: Security, its: Statistics) -> dict[str, Any]:
    prices = {
        "minimum": its.minimum,
        "maximum": its.maximum,
        "moving_average": its.moving_average,
    }
    return {
        "ticker": security.ticker,
        "count": its.count,
        **{name: price_text(each) if each is not None else None for name, each in prices.items()},
        "window": its.window,
        "updated_at": milliseconds(its.updated_at) if its.updated_at else None,
    }
