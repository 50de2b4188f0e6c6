"""`POST prices`: ticks from those who may push them."""

from collections.abc import Mapping
from typing import IO, Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from pricefeed import pushed
from pricefeed.api.permission import MayPush
from pricefeed.sources.pushed.message import MOST_TICKS, Malformed
from pricefeed.sources.pushed.refusals import REFUSALS
from pricefeed.sources.pushed.streams import Answer
from rest.errors import INVALID, ApiError
from rest.schema import error_responses
from rest.views import Endpoint

KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 200


class RawJSON(BaseParser):
    """The body as it came, for a decoder that knows what it should be."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream.read()


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}]})
class _PriceField(serializers.CharField):
    """A text or a number."""


@extend_schema_field({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}]})
class _TimeField(serializers.CharField):
    """RFC 3339, or milliseconds."""


class TickInput(serializers.Serializer[Any]):
    """A pushed tick, for the schema; `pushed.message` decodes it."""

    ticker = serializers.CharField(help_text="In any spelling: BRK.B, brk-b.")
    price = _PriceField(
        help_text="A positive decimal with at most six decimals; a JSON number is as exact."
    )
    at = _TimeField(
        required=False,
        help_text="When it was true: milliseconds since 1970 as a number, or RFC 3339 with a "
        "time zone. Without it: when it arrives.",
    )


class RefusalOutput(serializers.Serializer[Any]):
    """A tick that was not taken."""

    index = serializers.IntegerField(help_text="Its place in the list, from 0.")
    code = serializers.ChoiceField(choices=sorted(REFUSALS))
    message = serializers.CharField()


class PushedOutput(serializers.Serializer[Any]):
    """What became of the ticks of a request."""

    accepted = serializers.IntegerField(help_text="So many will be recorded, each once.")
    refused = RefusalOutput(many=True)


_TICKS = [
    {"ticker": "AAPL", "price": "187.32", "at": "2026-02-02T12:00:01.123Z"},
    {"ticker": "NOSUCH", "price": "1.5"},
]
_ANSWER = {
    "accepted": 1,
    "refused": [
        {"index": 1, "code": "unknown_ticker", "message": REFUSALS["unknown_ticker"]},
    ],
}


class PricesView(Endpoint):
    """New prices, one or many."""

    permission_classes = (MayPush,)
    parser_classes = (RawJSON,)

    @extend_schema(
        operation_id="prices_push",
        tags=["prices"],
        summary="Push prices",
        description=(
            f"One tick or a list of up to {MOST_TICKS:,}, for feeders and staff. Each tick is "
            "taken or refused by itself. Those that were taken are recorded, in their order for "
            "each ticker, each exactly once."
        ),
        parameters=[
            OpenApiParameter(
                KEY_HEADER,
                {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
                OpenApiParameter.HEADER,
                description="Your name for this request. Sent again with the same body within a "
                "day, it gets the first answer, and nothing is taken twice.",
            )
        ],
        request=PolymorphicProxySerializer(
            component_name="Ticks",
            serializers=[TickInput, TickInput(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        responses={
            202: OpenApiResponse(PushedOutput, description="Taken, but for those named."),
            **error_responses(
                "invalid", "malformed", "forbidden", "idempotency_key_reused", "busy"
            ),
        },
        examples=[
            OpenApiExample("Two ticks", value=_TICKS, request_only=True),
            OpenApiExample("One taken", value=_ANSWER, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> Response:
        if not isinstance(request.data, bytes):
            raise Malformed  # nothing at all
        answer = pushed.ticks_push(request.data, claim=_claim(request))
        return Response(answer_json(answer), status=202)


def _claim(request: Request) -> str | None:
    key = request.headers.get(KEY_HEADER)
    return None if key is None else claim_of(request.user.pk or 0, key, field=KEY_HEADER)


def claim_of(user_id: int, key: str, *, field: str) -> str:
    """A user's name for a message, kept apart from other users'. Raises ApiError for no name."""
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        problem = f"At most {LONGEST_KEY} printable ASCII characters."
        raise ApiError(400, "invalid", INVALID, fields={field: [problem]})
    return f"{user_id}:{key}"


def answer_json(answer: Answer) -> dict[str, Any]:
    """What is said of a message."""
    return {
        "accepted": answer.accepted,
        "refused": [
            {"index": index, "code": code, "message": REFUSALS[code]}
            for index, code in answer.refused
        ],
    }
