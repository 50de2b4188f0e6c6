"""What a history may be asked for, and how its ticks and candles look."""

from typing import Any

from rest_framework import serializers

from pricefeed.models import CANDLES, Candle, Tick
from securities.money import price_text
from securities.times import milliseconds

MOST_TICKS = 1000
TICK = "tick"


class HistoryParameters(serializers.Serializer[Any]):
    """The query string of a history."""

    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=MOST_TICKS, help_text="So many of the newest."
    )
    interval = serializers.ChoiceField(
        choices=[
            (TICK, "every recorded price"),
            *((interval, f"candles, {interval} each") for interval in CANDLES),
        ],
        default=TICK,
    )


class TickOutput(serializers.Serializer[Any]):
    """A recorded price, for the schema; `tick_json` makes it."""

    at = serializers.IntegerField(help_text="When the price was true: UTC, milliseconds.")
    price = serializers.CharField()
    sequence = serializers.IntegerField(help_text="Grows with every recorded price.")


class CandleOutput(serializers.Serializer[Any]):
    """What the prices of an interval came to, for the schema; `candle_json` makes it."""

    at = serializers.IntegerField(help_text="Where the interval begins: UTC, milliseconds.")
    open = serializers.CharField(help_text="The first price by its own time, however late it came.")
    high = serializers.CharField()
    low = serializers.CharField()
    close = serializers.CharField(help_text="The last price; of the newest candle: so far.")
    count = serializers.IntegerField(help_text="So many prices were recorded.")


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


def candle_json(candle: Candle) -> dict[str, Any]:
    """By hand, as ticks."""
    return {
        "at": milliseconds(candle.start),
        "open": price_text(candle.open),
        "high": price_text(candle.high),
        "low": price_text(candle.low),
        "close": price_text(candle.close),
        "count": candle.count,
    }
