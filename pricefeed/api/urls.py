"""REST addresses."""

from django.urls import URLPattern

from pricefeed.api.views import HistoryView
from rest.routing import endpoint

urlpatterns: list[URLPattern] = [
    endpoint("securities/(?P<ticker>[^/]+)/history", HistoryView, "security-history"),
]
