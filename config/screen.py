"""The single screen at `/`, and plain JSON for what is missing."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from rest.errors import ApiError, error_response, server_error_body
from rest.views import only_read

_NOT_BUILT = (
    "The screen has not been built. Run `make run`, or `npm ci && npm run build` in frontend/."
)


@only_read
def index(request: HttpRequest) -> HttpResponse:
    """The built single page; its assets carry hashes, so only this file must be fresh."""
    page: Path = settings.SCREEN_DIR / "index.html"
    if not page.is_file():
        return HttpResponse(_NOT_BUILT, status=503, content_type="text/plain")
    return HttpResponse(
        page.read_bytes(), content_type="text/html", headers={"Cache-Control": "no-cache"}
    )


@csrf_exempt  # or a POST would get Django's HTML page about cookies
def api_not_found(request: HttpRequest, *_: object) -> HttpResponse:
    """Anything under /api that no route takes."""
    return error_response(ApiError(404, "not_found", "There is nothing at this address."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return api_not_found(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a wrong Host header, say."""
    return error_response(ApiError(400, "malformed", "The request is not valid."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return server_error_body()
