"""REST addresses."""

from django.urls import URLPattern

from pricefeed.api.anomalies import AnomaliesView
from pricefeed.api.prices import PricesView
from pricefeed.api.statistics import SecurityStatisticsView, StatisticsView
from pricefeed.api.views import HistoryView, MarketView
from rest.routing import endpoint
from securities.api.parameters import TICKER_PATTERN

urlpatterns: list[URLPattern] = [
    endpoint("prices", PricesView, "prices"),
    endpoint("market", MarketView, "market"),
    endpoint(f"securities/{TICKER_PATTERN}/history", HistoryView, "security-history"),
    endpoint(
        f"securities/{TICKER_PATTERN}/statistics", SecurityStatisticsView, "security-statistics"
    ),
    endpoint("statistics", StatisticsView, "statistics"),
    endpoint("anomalies", AnomaliesView, "anomalies"),
]
