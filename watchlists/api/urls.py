"""REST addresses."""

from django.urls import URLPattern

from rest.routing import endpoint
from securities.api.parameters import TICKER_PATTERN
from watchlists.api.views import WatchlistTickerView, WatchlistView

urlpatterns: list[URLPattern] = [
    endpoint("watchlist", WatchlistView, "watchlist"),
    endpoint(f"watchlist/{TICKER_PATTERN}", WatchlistTickerView, "watchlist-ticker"),
]
