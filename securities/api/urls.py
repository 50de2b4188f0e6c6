"""REST addresses."""

from django.urls import URLPattern

from rest.routing import endpoint
from securities.api.views import SecuritiesView, SecurityView

urlpatterns: list[URLPattern] = [
    endpoint("securities", SecuritiesView, "securities"),
    endpoint("securities/(?P<ticker>[^/]+)", SecurityView, "security"),
]
