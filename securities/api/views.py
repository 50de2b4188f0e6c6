"""Search and detail; public, and so they look at no token."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rest.schema import error_responses
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
_TICKER = OpenApiParameter(
    "ticker",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="In any case; share classes in any spelling (BRK.B, brk-b).",
    examples=[OpenApiExample("Apple", value="AAPL")],
)


class SecuritiesView(APIView):
    """What can be watched."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

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


class SecurityView(APIView):
    """One security."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="securities_detail",
        tags=["securities"],
        summary="One security with its latest quote",
        description="Also of a security that is no longer active.",
        parameters=[_TICKER],
        responses={
            200: OpenApiResponse(
                SecuritySerializer, examples=[OpenApiExample("Apple", value=_APPLE)]
            ),
            **error_responses("unknown_ticker"),
        },
    )
    def get(self, request: Request, ticker: str) -> Response:
        return Response(security_json(security_by_ticker(ticker)))
