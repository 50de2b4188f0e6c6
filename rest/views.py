"""What every REST view has in common, and the little that plain views need."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from rest.errors import NO_STORE, ApiError, error_response

PlainView = Callable[[HttpRequest], HttpResponse]


class Endpoint(APIView):
    """A REST address. Nobody may keep its answers: they are true for a moment, or for one user."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, **NO_STORE}


class PublicEndpoint(Endpoint):
    """Needs no token, and a stale one in the request does not stand in its way."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


def only_read(view: PlainView) -> PlainView:
    """For views outside /api: GET and HEAD; whatever else is a 405 in JSON, no page."""

    @csrf_exempt  # or a POST would get Django's page about cookies
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request)
        message = f'Method "{request.method}" not allowed.'
        return error_response(
            ApiError(405, "method_not_allowed", message, headers={"Allow": "GET, HEAD"})
        )

    return answer
