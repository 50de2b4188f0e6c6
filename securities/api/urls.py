"""REST addresses."""

from django.urls import URLPattern

from rest.routing import endpoint
from securities.api.parameters import TICKER_PATTERN
from securities.api.views import SecuritiesView, SecurityView

urlpatterns: list[URLPattern] = [
    endpoint("securities", SecuritiesView, "securities"),
    endpoint(f"securities/{TICKER_PATTERN}", SecurityView, "security"),
]
