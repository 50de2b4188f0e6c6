"""REST addresses."""

from django.urls import URLPattern

from rest.routing import endpoint
from watchlists.api.views import WatchlistTickerView, WatchlistView

urlpatterns: list[URLPattern] = [
    endpoint("watchlist", WatchlistView, "watchlist"),
    endpoint("watchlist/(?P<ticker>[^/]+)", WatchlistTickerView, "watchlist-ticker"),
]
