"""The signed-in user's default watchlist. Whose it is comes from the token alone."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from rest.schema import error_responses
from rest.views import Endpoint
from securities.api.parameters import TICKER
from watchlists.api.serializers import AddInput, ItemOutput, PlaceInput, item_body
from watchlists.selectors import watchlist_items
from watchlists.services import watchlist_add_security, watchlist_remove_security

EXAMPLE = OpenApiExample(
    "Apple, third on the list",
    value={
        "ticker": "AAPL",
        "name": "Apple Inc.",
        "currency": "USD",
        "exchange": "NASDAQ",
        "is_active": True,
        "position": 2,
        "price": "187.32",
        "previous_close": "182.82",
        "abs_change": "4.50",
        "pct_change": "2.46",
        "updated_at": 1770033601123,
        "sequence": 5117,
    },
    response_only=True,
)

ADDED: dict[int, Any] = {
    201: OpenApiResponse(ItemOutput, description="Added.", examples=[EXAMPLE]),
    200: OpenApiResponse(ItemOutput, description="It was there already.", examples=[EXAMPLE]),
    **error_responses("unknown_ticker", "watchlist_full"),
}


class WatchlistView(Endpoint):
    """The whole list."""

    @extend_schema(
        operation_id="watchlist_list",
        tags=["watchlist"],
        summary="Your watchlist with quotes, by position",
        responses={
            200: OpenApiResponse(ItemOutput(many=True), examples=[EXAMPLE]),
        },
    )
    def get(self, request: Request) -> Response:
        return Response([item_body(item) for item in watchlist_items(_user_id(request))])

    @extend_schema(
        operation_id="watchlist_add",
        tags=["watchlist"],
        summary="Put a security on your watchlist",
        description="Adding twice is not an error. With a position, it is placed or moved there.",
        request=AddInput,
        responses=ADDED,
        examples=[OpenApiExample("Add Apple", value={"ticker": "AAPL"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        wanted = AddInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        return _add(request, **wanted.validated_data)


class WatchlistTickerView(Endpoint):
    """One place on the list."""

    @extend_schema(
        operation_id="watchlist_put",
        tags=["watchlist"],
        summary="Put this security on your watchlist",
        description="Adding twice is not an error. With a position, it is placed or moved there.",
        parameters=[TICKER],
        request=PlaceInput,
        responses=ADDED,
        examples=[OpenApiExample("On top", value={"position": 0}, request_only=True)],
    )
    def put(self, request: Request, ticker: str) -> Response:
        wanted = PlaceInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        return _add(request, ticker=ticker, **wanted.validated_data)

    @extend_schema(
        operation_id="watchlist_remove",
        tags=["watchlist"],
        summary="Take this security off your watchlist",
        parameters=[TICKER],
        responses={
            204: OpenApiResponse(description="It is off the list."),
            **error_responses("not_on_watchlist"),
        },
    )
    def delete(self, request: Request, ticker: str) -> Response:
        watchlist_remove_security(user_id=_user_id(request), ticker=ticker)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _add(request: Request, *, ticker: str, position: int | None = None) -> Response:
    user_id = _user_id(request)
    added, is_new = watchlist_add_security(user_id=user_id, ticker=ticker, position=position)
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(item_body(added), status=code)


def _user_id(request: Request) -> int:
    user_id = request.user.pk
    assert user_id is not None  # only the signed-in come here: the default permission
    return user_id
