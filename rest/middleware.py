"""Under /api everything is JSON, also what never reaches a REST view."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from rest.errors import ApiError, as_api_error, error_response, server_error_body

_Answer = HttpResponseBase | Awaitable[HttpResponseBase]


class JsonErrors:
    """Refuses broken requests early, and answers for exceptions that views let through.

    Without it Django would answer with HTML pages, with DEBUG even with tracebacks.
    It comes before CommonMiddleware, which is the first to look at the host.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], _Answer]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> _Answer:
        refusal = _refusal(request) if _is_api(request) else None
        if refusal is None:
            return self._get_response(request)
        response = error_response(refusal)
        return _later(response) if iscoroutinefunction(self) else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised."""
        if not _is_api(request):
            return None
        error = as_api_error(exception)
        if error is not None:
            return error_response(error)
        got_request_exception.send(sender=type(self), request=request)  # the log listens
        return server_error_body()


async def _later(response: HttpResponse) -> HttpResponse:
    return response


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
