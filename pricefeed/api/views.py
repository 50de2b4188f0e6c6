"""The history of prices, and the market's hours; public, and so it looks at no token."""

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.request import Request
from rest_framework.response import Response

from pricefeed.api.serializers import (
    TICK,
    CandleOutput,
    HistoryParameters,
    MarketOutput,
    TickOutput,
    candle_json,
    tick_json,
)
from pricefeed.market import market_now
from pricefeed.selectors import newest_candles, newest_ticks
from rest.schema import error_responses
from rest.views import PublicEndpoint
from securities.api.parameters import TICKER
from securities.selectors import security_by_ticker
from securities.times import milliseconds

_TICK = {"at": 1770033601123, "price": "187.32", "sequence": 5117}
_CANDLE = {
    "at": 1770033600000,
    "open": "187.25",
    "high": "187.40",
    "low": "187.10",
    "close": "187.32",
    "count": 12,
}


class HistoryView(PublicEndpoint):
    """One security's recorded prices."""

    @extend_schema(
        operation_id="securities_history",
        tags=["securities"],
        summary="The newest recorded prices or candles, oldest first",
        description=(
            "Also of a security that is no longer active. Candles begin at whole minutes, hours "
            "and days, UTC; where no price was recorded there is none. Those of minutes are "
            "kept for some weeks, those of hours and days for ever."
        ),
        parameters=[TICKER, HistoryParameters],
        responses={
            200: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="TickOrCandle",
                    serializers=[TickOutput, CandleOutput],
                    resource_type_field_name=None,
                    many=True,
                ),
                description="The newest prices or candles, oldest first.",
                examples=[
                    OpenApiExample("Prices", value=_TICK),
                    OpenApiExample("Candles", value=_CANDLE),
                ],
            ),
            **error_responses("invalid", "unknown_ticker"),
        },
    )
    def get(self, request: Request, ticker: str) -> Response:
        # As a plain dict: "limit=" is a wrong number, where a form's would mean the default.
        wanted = HistoryParameters(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        limit, interval = wanted.validated_data["limit"], wanted.validated_data["interval"]
        security = security_by_ticker(ticker)
        if interval == TICK:
            ticks = newest_ticks(security=security, limit=limit)
            return Response([tick_json(tick) for tick in ticks])
        candles = newest_candles(security=security, interval=interval, limit=limit)
        return Response([candle_json(candle) for candle in candles])


class MarketView(PublicEndpoint):
    """Whether there is trade."""

    @extend_schema(
        operation_id="market",
        tags=["securities"],
        summary="The market's hours: before, open, after, closed",
        description="Of NYSE and NASDAQ. Simulated and replayed prices always move.",
        responses={
            200: OpenApiResponse(
                MarketOutput,
                description="What it is now, and until when.",
                examples=[
                    OpenApiExample("Open", value={"state": "open", "until": 1770066000000}),
                    OpenApiExample("Simulated prices", value={"state": "always", "until": None}),
                ],
            ),
            **error_responses(),
        },
    )
    def get(self, request: Request) -> Response:
        market = market_now()
        until = None if market.until is None else milliseconds(market.until)
        return Response({"state": market.state, "until": until})
