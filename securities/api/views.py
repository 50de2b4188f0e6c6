"""Search and detail; public, and so they look at no token."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from rest.schema import error_responses
from rest.views import PublicEndpoint
from securities.api.parameters import TICKER
from securities.api.serializers import SearchParameters, SecuritySerializer, security_json
from securities.selectors import securities_search, security_by_ticker

_APPLE = {
    "id": 7,
    "ticker": "AAPL",
    "name": "Apple Inc.",
    "exchange": "NASDAQ",
    "currency": "USD",
    "is_active": True,
    "last_price": "187.32",
    "previous_close": "182.82",
    "abs_change": "4.50",
    "pct_change": "2.46",
    "updated_at": 1770033601123,
    "sequence": 5117,
}


class SecuritiesView(PublicEndpoint):
    """What can be watched."""

    @extend_schema(
        operation_id="securities_search",
        tags=["securities"],
        summary="Search by ticker or name",
        description=(
            "Best first: the exact ticker, tickers that begin with the query, words of the name "
            "that begin with it, names that hold it anywhere, then typing errors. Case, accents "
            "and the punctuation of share classes do not matter. Only active securities."
        ),
        parameters=[SearchParameters],
        responses={
            200: OpenApiResponse(
                SecuritySerializer(many=True),
                description="The best matches, best first.",
                examples=[OpenApiExample("q=apple", value=_APPLE)],
            ),
            **error_responses("invalid"),
        },
    )
    def get(self, request: Request) -> Response:
        wanted = SearchParameters(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        found = securities_search(wanted.validated_data["q"], wanted.validated_data["limit"])
        return Response([security_json(security) for security in found])


class SecurityView(PublicEndpoint):
    """One security."""

    @extend_schema(
        operation_id="securities_detail",
        tags=["securities"],
        summary="One security with its latest quote",
        description="Also of a security that is no longer active.",
        parameters=[TICKER],
        responses={
            200: OpenApiResponse(
                SecuritySerializer, examples=[OpenApiExample("Apple", value=_APPLE)]
            ),
            **error_responses("unknown_ticker"),
        },
    )
    def get(self, request: Request, ticker: str) -> Response:
        return Response(security_json(security_by_ticker(ticker)))
