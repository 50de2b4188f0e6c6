"""Anomalies page by page; public, and so it looks at no token."""

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pricefeed.delivery.anomalies_wire import anomaly_fields
from pricefeed.models import Anomaly, Direction
from pricefeed.recording.analytics.selectors import anomalies_after, newest_anomalies
from rest.schema import error_responses
from rest.views import PublicEndpoint
from securities.models import Security
from securities.selectors import security_by_ticker
from securities.tickers import TICKER_LENGTH

MOST_ANOMALIES = 1000
_LARGEST_ID = 2**63 - 1


class AnomaliesParameters(serializers.Serializer[Any]):
    """The query string of a list of anomalies."""

    ticker = serializers.CharField(
        required=False,
        max_length=2 * TICKER_LENGTH,
        help_text="Those of one security, active or not; in any spelling.",
    )
    since = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=_LARGEST_ID,
        help_text="Those with a greater id, oldest first. Without it: the newest, newest first.",
    )
    before = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=_LARGEST_ID,
        help_text="Those with a smaller id. Not together with `since`.",
    )
    limit = serializers.IntegerField(default=100, min_value=1, max_value=MOST_ANOMALIES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "before" in attrs:
            raise serializers.ValidationError({"before": ["Not together with since."]})
        return attrs


class AnomalyOutput(serializers.Serializer[Any]):
    """An anomaly, for the schema; `anomaly_fields` makes it."""

    id = serializers.IntegerField(help_text="Grows in the order in which they are found.")
    ticker = serializers.CharField()
    direction = serializers.ChoiceField(choices=Direction.choices)
    at = serializers.IntegerField(help_text="The time of the price: UTC, milliseconds.")
    price = serializers.CharField()
    reference = serializers.CharField(
        help_text="The lowest (up) or highest (down) price shortly before."
    )
    pct_change = serializers.CharField(help_text="Per cent of the reference.")


class AnomaliesOutput(serializers.Serializer[Any]):
    """A page, for the schema."""

    results = AnomalyOutput(many=True)
    next = serializers.URLField(
        allow_null=True, help_text="The following page; null where this is the last."
    )


_ANOMALY = {
    "id": 5120,
    "ticker": "AAPL",
    "direction": "up",
    "at": 1770033601123,
    "price": "187.32",
    "reference": "182.82",
    "pct_change": "2.46",
}


class AnomaliesView(PublicEndpoint):
    """Prices that jumped."""

    @extend_schema(
        operation_id="anomalies",
        tags=["anomalies"],
        summary="Prices that jumped",
        description=(
            "More than ANOMALY_THRESHOLD_PERCENT from the lowest or highest price of the last "
            "ANOMALY_WINDOW_MS; one jump is one anomaly. They are kept as long as the history. "
            "`/ws/anomalies` tells of them as they are found."
        ),
        parameters=[AnomaliesParameters],
        responses={
            200: OpenApiResponse(
                AnomaliesOutput,
                description="A page of them.",
                examples=[
                    OpenApiExample(
                        "The newest",
                        value={
                            "results": [_ANOMALY],
                            "next": "http://localhost:8000/api/v1/anomalies?limit=1&before=5120",
                        },
                    ),
                    OpenApiExample("Nothing new", value={"results": [], "next": None}),
                ],
            ),
            **error_responses("invalid", "unknown_ticker"),
        },
    )
    def get(self, request: Request) -> Response:
        wanted = AnomaliesParameters(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        security = security_by_ticker(asked["ticker"]) if "ticker" in asked else None
        found = _page(asked, security, limit=asked["limit"] + 1)
        results, has_more = found[: asked["limit"]], len(found) > asked["limit"]
        return Response(
            {
                "results": [anomaly_fields(each) for each in results],
                "next": _next(request, asked, last=results[-1]) if has_more else None,
            }
        )


def _page(asked: dict[str, Any], security: Security | None, *, limit: int) -> list[Anomaly]:
    if "since" in asked:
        return anomalies_after(after=asked["since"], limit=limit, security=security)
    return newest_anomalies(before=asked.get("before"), limit=limit, security=security)


def _next(request: Request, asked: dict[str, Any], *, last: Anomaly) -> str:
    cursor = "since" if "since" in asked else "before"
    url: str = request.build_absolute_uri(f"?{urlencode({**asked, cursor: last.pk})}")
    return url
