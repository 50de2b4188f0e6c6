"""Every HTTP address, composed from the apps' own."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from config import health, screen
from rest.docs import DocsView, SchemaView
from rest.routing import endpoint

api: list[URLPattern | URLResolver] = [
    path("auth/", include("accounts.api.urls")),
    path("", include("securities.api.urls")),
    path("", include("watchlists.api.urls")),
    path("", include("pricefeed.api.urls")),
    endpoint("schema", SchemaView, name="schema"),
    endpoint("docs", DocsView, name="docs"),
]

urlpatterns = [
    path("api/v1/", include(api)),
    re_path(r"^api(/.*)?$", screen.api_not_found),
    path("admin/", admin.site.urls),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    re_path(r"^health/?$", health.alive),
    re_path(r"^health/ready/?$", health.ready),
    path("", screen.index),
]

handler400 = "config.screen.bad_request"
handler404 = "config.screen.not_found"
handler500 = "config.screen.server_error"
