"""How a vendor is asked over HTTP: bounded in time and size, every failure a SourceError."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from pricefeed.sources.base import SourceError

_MOST_BYTES = 16 * 1024 * 1024
_REFUSED = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}


class VendorHttp:
    """Keeps connections to one vendor. Follows no redirection: the headers hold keys.

    `timeout_seconds` is for the whole of an answer, however slowly it trickles in.
    """

    def __init__(
        self, vendor: str, *, url: str, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        self._vendor, self._seconds = vendor, timeout_seconds
        self._client = httpx.Client(base_url=url, headers=dict(headers), timeout=timeout_seconds)

    def get(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        """Status (200, or 400 for the caller to read) and body. Raises SourceError."""
        until = time.monotonic() + self._seconds
        try:
            with self._client.stream("GET", path, params=dict(parameters)) as response:
                self._check(response)
                return response.status_code, self._body(response, until)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except httpx.HTTPError as error:
            raise SourceError(
                f"{self._vendor} cannot be reached: {type(error).__name__}.", retryable=True
            ) from error

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in {httpx.codes.OK, httpx.codes.BAD_REQUEST}:
            return
        if status in _REFUSED:
            raise SourceError(
                f"{self._vendor} refuses our keys, or what they pay for (HTTP {status}).",
                retryable=False,
            )
        is_too_often = status == httpx.codes.TOO_MANY_REQUESTS
        raise SourceError(
            f"{self._vendor} answers HTTP {status}.",
            retryable=is_too_often or status >= 500,
            retry_after_seconds=retry_after(
                response.headers, now=datetime.now(UTC), is_limit=is_too_often
            ),
        )

    def _body(self, response: httpx.Response, until: float) -> bytes:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if time.monotonic() > until:
                raise self._late()
            if len(body) > _MOST_BYTES:
                raise SourceError(
                    f"{self._vendor} answers more than anybody asked for.", retryable=True
                )
        return bytes(body)

    def _late(self) -> SourceError:
        return SourceError(
            f"{self._vendor} did not answer within {self._seconds:g} s.", retryable=True
        )


def retry_after(headers: Mapping[str, str], *, now: datetime, is_limit: bool) -> float | None:
    """Seconds to wait, by Retry-After (seconds or a date).

    Where a limit was met, also by X-RateLimit-Reset (seconds since 1970), which comes with every
    answer.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said[:9])
    if said:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        return (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    reset = headers.get("X-RateLimit-Reset", "").strip()
    return float(reset[:12]) - now.timestamp() if is_limit and reset.isdecimal() else None
