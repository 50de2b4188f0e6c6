"""Watchlists over REST: strict input, and an item with its quote as output."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from rest.serializers import StrictSerializer
from securities.money import price_text
from securities.tickers import TICKER_LENGTH
from securities.times import milliseconds
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


class ItemOutput(serializers.Serializer[Any]):
    """A place on the list with its quote; prices are null until the first one."""

    ticker = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    exchange = serializers.CharField()
    is_active = serializers.BooleanField()
    position = serializers.IntegerField(help_text="Counts from 0, without gaps.")
    price = serializers.CharField(allow_null=True)
    previous_close = serializers.CharField(allow_null=True)
    abs_change = serializers.CharField(allow_null=True)
    pct_change = serializers.CharField(allow_null=True)
    updated_at = serializers.IntegerField(allow_null=True, help_text="Milliseconds, UTC.")
    sequence = serializers.IntegerField(help_text="0 until the first price.")


def item_body(item: WatchedSecurity) -> dict[str, Any]:
    """ItemOutput, built by hand: a list has up to a thousand of them."""
    security, quote = item.security, item.quote
    return {
        "ticker": security.ticker,
        "name": security.name,
        "currency": security.currency,
        "exchange": security.exchange,
        "is_active": security.is_active,
        "position": item.position,
        "price": price_text(quote.price) if quote else None,
        "previous_close": price_text(quote.previous_close) if quote else None,
        "abs_change": price_text(quote.abs_change) if quote else None,
        "pct_change": str(quote.pct_change) if quote else None,
        "updated_at": milliseconds(quote.updated_at) if quote else None,
        "sequence": quote.sequence if quote else 0,
    }
