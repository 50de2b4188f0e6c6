"""The OpenAPI schema and the page that shows it. Both are public."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from rest.views import PublicEndpoint


@cache
def schema_document() -> dict[str, Any]:
    """The OpenAPI document, made once a process: the endpoints do not change while it lives."""
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    document: dict[str, Any] = generator.get_schema(request=None, public=True)
    return document


@extend_schema(exclude=True)
class SchemaView(PublicEndpoint):
    """`GET schema`: the OpenAPI document as JSON."""

    def get(self, request: Request) -> Response:
        return Response(schema_document())


class DocsView(SpectacularSwaggerView):
    """`GET docs`: Swagger UI, with assets of our own."""

    url_name = "schema"
