"""The ticker as a part of addresses, the same wherever one stands in them."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

# BRK%2FB comes with a slash: servers decode addresses before they are taken apart.
TICKER_PATTERN = "(?P<ticker>[^/]+(?:/[A-Za-z])?)"

TICKER = OpenApiParameter(
    "ticker",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="In any case; share classes in any spelling (BRK.B, brk-b).",
    examples=[OpenApiExample("Apple", value="AAPL")],
)
