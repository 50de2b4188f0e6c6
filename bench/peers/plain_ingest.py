"""The peer of ingest: pushed prices, taken the way one writes it first.

On our models, tokens and web server. A serializer for each tick, a `save` for each tick
and each quote, a `group_send` for each tick, all within the request. It is written
kindly: the securities and their quotes are read by one query, one transaction holds the
whole request, and the messages follow its commit.
"""

import os
from datetime import UTC, datetime
from typing import Any

import django
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import transaction
from django.urls import path

settings.CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": "plain"},
    }
}
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
django.setup()

from rest_framework import serializers  # noqa: E402  needs Django to be set up
from rest_framework.parsers import JSONParser  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

from bench.peers.plain_feed import group_of  # noqa: E402
from pricefeed.api.permission import MayPush  # noqa: E402
from pricefeed.models import Feed, Tick  # noqa: E402
from pricefeed.partitions import maintain_partitions  # noqa: E402
from rest.views import Endpoint  # noqa: E402
from securities.models import Quote, Security  # noqa: E402
from securities.money import PRICE_DECIMALS, PRICE_DIGITS, SMALLEST_PRICE  # noqa: E402

maintain_partitions()


class TickSerializer(serializers.Serializer[Any]):
    """A pushed tick."""

    ticker = serializers.CharField()
    price = serializers.DecimalField(PRICE_DIGITS, PRICE_DECIMALS, min_value=SMALLEST_PRICE)
    at = serializers.IntegerField()


class PlainPricesView(Endpoint):
    """`POST /api/v1/prices`."""

    permission_classes = (MayPush,)
    parser_classes = (JSONParser,)

    def post(self, request: Request) -> Response:
        serializer = TickSerializer(data=request.data, many=True)
        serializer.is_valid(raise_exception=True)
        ticks = serializer.validated_data
        tickers = {tick["ticker"] for tick in ticks}
        rows = Security.objects.select_related("quote").filter(ticker__in=tickers, is_active=True)
        securities = {row.ticker: row for row in rows}
        with transaction.atomic():
            quotes = [_record(securities[tick["ticker"]], tick) for tick in ticks]
        async_to_sync(_publish)(quotes)
        return Response({"accepted": len(ticks), "refused": []}, status=202)


def _record(security: Security, tick: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A tick and its quote; gives what is said of it."""
    feed = Feed.objects.select_for_update().get()
    feed.sequence += 1
    feed.save()
    at, price = datetime.fromtimestamp(tick["at"] / 1000, UTC), tick["price"]
    Tick(security=security, at=at, sequence=feed.sequence, price=price).save(force_insert=True)
    quote = getattr(security, "quote", None) or Quote(security=security, previous_close=price)
    quote.price, quote.updated_at, quote.sequence = price, at, feed.sequence
    quote.save()
    said = {"ticker": security.ticker, "price": str(price), "sequence": feed.sequence}
    return security.ticker, {"type": "price.changed", "quote": said}


async def _publish(messages: list[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    for ticker, message in messages:
        await layer.group_send(group_of(ticker), message)


urlpatterns = [path("api/v1/prices", PlainPricesView.as_view())]
application = get_asgi_application()
