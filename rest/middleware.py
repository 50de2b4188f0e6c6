"""Under /api everything is JSON, also what never reaches a REST view."""

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse

from rest.errors import ApiError, as_api_error, error_response, server_error_body


class JsonErrors:
    """Refuses broken requests early, and answers for exceptions that views let through.

    Without it Django would answer with HTML pages, with DEBUG even with tracebacks.
    It comes before CommonMiddleware, which is the first to look at the host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = _refusal(request) if _is_api(request) else None
        return self._get_response(request) if refusal is None else error_response(refusal)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised."""
        if not _is_api(request):
            return None
        error = as_api_error(exception)
        if error is not None:
            return error_response(error)
        got_request_exception.send(sender=type(self), request=request)  # the log listens
        return server_error_body()


def _is_api(request: HttpRequest) -> bool:
    return request.path_info == "/api" or request.path_info.startswith("/api/")


def _refusal(request: HttpRequest) -> ApiError | None:
    try:
        request.get_host()
    except DisallowedHost:
        return ApiError(400, "malformed", "This host name is not served here.")
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return ApiError(400, "invalid", "NUL characters are not allowed in addresses.")
    return None
