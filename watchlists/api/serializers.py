"""Watchlists over REST: strict input, and an item with its quote as output."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from rest.serializers import StrictSerializer
from securities.api.serializers import QuotedSecurity, quote_json
from securities.tickers import TICKER_LENGTH
from watchlists.selectors import WatchedSecurity


class PlaceInput(StrictSerializer):
    """Where on the list; left out, a new security goes to the end."""

    position = serializers.IntegerField(required=False, min_value=0)

    def validate_position(self, value: int) -> int:
        highest = settings.WATCHLIST_MAX_ITEMS - 1
        if value > highest:
            raise serializers.ValidationError(f"A position is a number from 0 to {highest}.")
        return value


class AddInput(PlaceInput):
    """Which security, and where."""

    ticker = serializers.CharField(max_length=TICKER_LENGTH)


class ItemOutput(QuotedSecurity):
    """A place on the list with its quote; prices are null until the first one."""

    position = serializers.IntegerField(help_text="Counts from 0, without gaps.")
    price = serializers.CharField(allow_null=True, help_text="Null until the first price.")


def item_body(item: WatchedSecurity) -> dict[str, Any]:
    """ItemOutput, built by hand: a list has up to a thousand of them."""
    security = item.security
    return {
        "ticker": security.ticker,
        "name": security.name,
        "currency": security.currency,
        "exchange": security.exchange,
        "is_active": security.is_active,
        "position": item.position,
        **quote_json(item.quote, price_name="price"),
    }
