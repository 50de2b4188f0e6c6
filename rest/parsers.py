"""Reading request bodies: JSON only, of bounded size, decoded strictly."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from rest.errors import ApiError


class StrictJSONParser(BaseParser):
    """JSON of at most REQUEST_BODY_LIMIT bytes; no NaN, no trailing rubbish, UTF-8 only.

    Errors: 413 `too_large`, 400 `malformed`.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return msgspec.json.decode(body_within(settings.REQUEST_BODY_LIMIT, stream))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ParseError("The body is not valid JSON.") from None


def body_within(limit: int, stream: IO[bytes]) -> bytes:
    """The whole body of at most so many bytes. Errors: 413 `too_large`.

    The limit is read off while reading, so a body without a Content-Length cannot
    fill the memory either.
    """
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise ApiError(413, "too_large", f"The body may have at most {limit} bytes.")
    return body
