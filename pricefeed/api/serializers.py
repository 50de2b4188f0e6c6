"""What a history may be asked for, and how its ticks look."""

from typing import Any

from rest_framework import serializers

from pricefeed.models import Tick
from securities.money import price_text
from securities.times import milliseconds

MOST_TICKS = 1000


class HistoryParameters(serializers.Serializer[Any]):
    """The query string of a history."""

    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=MOST_TICKS, help_text="So many of the newest."
    )
    interval = serializers.ChoiceField(
        choices=("tick",), default="tick", help_text="tick: every recorded price."
    )


class TickOutput(serializers.Serializer[Any]):
    """A recorded price, for the schema; `tick_json` makes it."""

    at = serializers.IntegerField(help_text="When the price was true: UTC, milliseconds.")
    price = serializers.CharField()
    sequence = serializers.IntegerField(help_text="Grows with every recorded price.")


class MarketOutput(serializers.Serializer[Any]):
    """The market, for the schema."""

    state = serializers.ChoiceField(
        choices=("always", "pre", "open", "post", "closed"),
        help_text="always: prices are not a market's, so they have no hours.",
    )
    until = serializers.IntegerField(
        allow_null=True, help_text="When it will be another: UTC, milliseconds; null for always."
    )


def tick_json(tick: Tick) -> dict[str, Any]:
    """By hand: there are up to a thousand of them."""
    return {
        "at": milliseconds(tick.at),
        "price": price_text(tick.price),
        "sequence": tick.sequence,
    }
