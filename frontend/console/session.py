"""Who is signed in: buys access tokens with the refresh token of the file."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx

from frontend.console.endings import SignInAgain, Stop, Unavailable, printable
from frontend.console.tokens import TokenFile

_TIMEOUT_SECONDS = 10.0
_TRANSIENT = {408, 429}

# The refresh token travels as a browser's does: one whose answer was lost may be used again for
# a minute, where in the body a second use ends the sign-in. See docs/api.md.
_TRANSPORT = {"X-Token-Transport": "cookie"}
_COOKIE = "tickwatch_refresh"


class Session:
    """The sign-in at one server. The password is sent once and kept nowhere."""

    def __init__(self, *, url: str, file: TokenFile) -> None:
        self._url = url
        self._file = file
        self._access: str | None = None

    def sign_in(self, *, username: str, password: str) -> None:
        """Errors: SignInAgain for a wrong name or password, Stop, Unavailable."""
        given = {"username": username, "password": password}
        answer, next_refresh = self._post("login", body=given)
        with self._file.held() as tokens:
            self._keep(answer, next_refresh, tokens)

    def access(self) -> str:
        """An access token, which may have expired; blocks where a new one has to be fetched.

        Errors: SignInAgain, Stop, Unavailable.
        """
        if self._access is None:
            # Held until the new token is in it: the old one is worthless from then on.
            with self._file.held() as tokens:
                refresh = tokens.get(self._url)
                if refresh is None:
                    raise SignInAgain("Nobody is signed in here.")
                self._renew(refresh, tokens)
        assert self._access is not None
        return self._access

    def access_refused(self) -> None:
        """The next one is to be another."""
        self._access = None

    def sign_out(self) -> bool:
        """Forget the token and tell the server; False if nobody was signed in.

        Errors: Unavailable, Stop; the token is forgotten all the same.
        """
        self._access = None
        with self._file.held() as tokens:
            refresh = tokens.pop(self._url, None)
        if refresh is None:
            return False
        self._post("logout", refresh=refresh)
        return True

    def _renew(self, refresh: str, tokens: dict[str, str]) -> None:
        try:
            answer, next_refresh = self._post("refresh", refresh=refresh)
        except SignInAgain as refused:
            del tokens[self._url]
            raise SignInAgain("Your sign-in has ended.") from refused
        self._keep(answer, next_refresh, tokens)

    def _keep(self, answer: Any, refresh: str | None, tokens: dict[str, str]) -> None:
        try:
            access = str(answer["access"])
            tokens[self._url] = refresh or tokens[self._url]
        except (KeyError, TypeError) as error:
            raise self._no_tickwatch() from error
        self._access = access

    def _post(
        self, what: str, *, body: dict[str, str] | None = None, refresh: str | None = None
    ) -> tuple[Any, str | None]:
        """What is answered, and the refresh token that comes with it."""
        address = f"{self._url}/api/v1/auth/{what}"
        cookies = {_COOKIE: refresh} if refresh else None
        try:
            answer = httpx.post(
                address, json=body, headers=_TRANSPORT, cookies=cookies, timeout=_TIMEOUT_SECONDS
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{self._url} cannot be reached.") from error
        said = None if answer.status_code == HTTPStatus.NO_CONTENT else self._read(answer)
        return said, answer.cookies.get(_COOKIE)

    def _read(self, answer: httpx.Response) -> Any:
        try:
            body = answer.json()
        except ValueError as error:
            if answer.is_server_error:
                raise Unavailable(f"{self._url} answers HTTP {answer.status_code}.") from error
            raise self._no_tickwatch() from error
        if answer.is_success:
            return body
        said = body.get("message") if isinstance(body, dict) else None
        sentence = printable(said or f"{self._url} answers HTTP {answer.status_code}.")
        raise _kind(answer.status_code)(sentence)

    def _no_tickwatch(self) -> Stop:
        return Stop(f"What answers at {self._url} is no Tickwatch.")


def _kind(status: int) -> Callable[[str], Exception]:
    if status == HTTPStatus.UNAUTHORIZED:
        return SignInAgain
    if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable
    return Stop
