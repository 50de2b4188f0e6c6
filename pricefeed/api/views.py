"""The history of prices, and the market's hours; public, and so it looks at no token."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from pricefeed.api.serializers import HistoryParameters, MarketOutput, TickOutput, tick_json
from pricefeed.market import market_at
from pricefeed.selectors import newest_ticks
from pricefeed.sources.vendor import VENDORS
from rest.schema import error_responses
from rest.views import PublicEndpoint
from securities.api.parameters import TICKER
from securities.selectors import security_by_ticker
from securities.times import milliseconds

_TICK = {"at": 1770033601123, "price": "187.32", "sequence": 5117}


class HistoryView(PublicEndpoint):
    """One security's recorded prices."""

    @extend_schema(
        operation_id="securities_history",
        tags=["securities"],
        summary="The newest recorded prices, oldest first",
        description="Also of a security that is no longer active.",
        parameters=[TICKER, HistoryParameters],
        responses={
            200: OpenApiResponse(
                TickOutput(many=True),
                description="The newest prices, oldest first.",
                examples=[OpenApiExample("One price", value=_TICK)],
            ),
            **error_responses("invalid", "unknown_ticker"),
        },
    )
    def get(self, request: Request, ticker: str) -> Response:
        # As a plain dict: "limit=" is a wrong number, where a form's would mean the default.
        wanted = HistoryParameters(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        security = security_by_ticker(ticker)
        ticks = newest_ticks(security=security, limit=wanted.validated_data["limit"])
        return Response([tick_json(tick) for tick in ticks])


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
        if settings.PRICE_SOURCE not in VENDORS:
            return Response({"state": "always", "until": None})
        market = market_at(timezone.now())
        return Response({"state": market.state, "until": milliseconds(market.until)})
