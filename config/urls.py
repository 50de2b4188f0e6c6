"""Every HTTP address, composed from the apps' own."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config import health, screen

api: list[URLPattern | URLResolver] = [
    path("auth/", include("accounts.api.urls")),
    path("", include("securities.api.urls")),
    path("", include("watchlists.api.urls")),
    path("", include("pricefeed.api.urls")),
    re_path(r"^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    path("api/v1/", include(api)),
    re_path(r"^api(/.*)?$", screen.api_not_found),
    path("admin/", admin.site.urls),
    re_path(r"^health/?$", health.alive),
    re_path(r"^health/ready/?$", health.ready),
    path("", screen.index),
]

handler400 = "config.screen.bad_request"
handler404 = "config.screen.not_found"
handler500 = "config.screen.server_error"
