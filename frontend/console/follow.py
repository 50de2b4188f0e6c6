"""The connection that comes back by itself, as docs/protocol.md says under *Coming back*."""

import asyncio
import json
import random
import time
from typing import Any, NoReturn, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from frontend.console import closes
from frontend.console.closes import Verdict
from frontend.console.endings import SignInAgain, Stop, Unavailable, printable
from frontend.console.quotes import Change, Frame, Quotes
from frontend.console.session import Session
from frontend.console.status import Status

_PROTOCOL = 1
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.4, 8.0
_OPENING_SECONDS = 10.0
_GRACE_SECONDS = 5.0
_PROOF_SECONDS = 10.0  # shorter, and a connection does not prove that the server is well
_CLOSING_SECONDS = 1.0
_NO_WORD = (closes.BROKEN, "")
_MAX_FRAME_BYTES = 2**26  # a snapshot of every ticker takes about 200 bytes for each


class View(Protocol):
    """Who is told."""

    def changed(self, change: Change) -> None: ...

    def status(self, status: Status) -> None: ...


class Broken(Exception):
    """A connection ended or never began."""

    def __init__(
        self, reason: str, code: int = closes.BROKEN, hint_seconds: float | None = None
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.hint_seconds = hint_seconds


class Follower:
    """Keeps quotes up to date and tells a view. With a session it signs in with that."""

    def __init__(self, *, url: str, session: Session | None, quotes: Quotes, view: View) -> None:
        self._url = url
        self._session = session
        self._quotes = quotes
        self._view = view
        self._failures = 0
        self._live_since: float | None = None
        self._fresh_at: float | None = None
        self._delayed_since: float | None = None
        self._token_refused = False
        self._silence_seconds = _OPENING_SECONDS

    async def run(self) -> NoReturn:
        """Follow until that makes no sense any more. Errors: Stop, SignInAgain."""
        while True:
            self._view.status(Status("connecting", since=self._fresh_at))
            self._live_since, self._silence_seconds = None, _OPENING_SECONDS
            try:
                await self._connection()
            except (Broken, Unavailable) as ended:
                broken = ended if isinstance(ended, Broken) else Broken(str(ended))
                if not self._is_welcome_back_at_once(broken.code):
                    await self._wait(broken)

    async def _connection(self) -> NoReturn:
        token = await asyncio.to_thread(self._session.access) if self._session else None
        try:
            async with connect(
                self._url,
                open_timeout=_OPENING_SECONDS,
                close_timeout=_CLOSING_SECONDS,
                ping_interval=None,  # the server's heartbeats say enough
                compression=None,
                max_size=_MAX_FRAME_BYTES,
            ) as socket:
                if token is not None:
                    await self._sign_in(socket, token)
                while True:
                    async with asyncio.timeout(self._silence_seconds):
                        text = await socket.recv()
                    self._take(text)
        except ConnectionClosed as closed:
            code, said = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else _NO_WORD
            hint = closes.hint_seconds(code, said)
            raise Broken(closes.reason_of(code), code, hint) from closed
        except TimeoutError as error:
            raise Broken("the server is silent") from error
        except InvalidStatus as error:
            raise _refused(error.response.status_code) from error
        except WebSocketException as error:
            raise Broken("the connection failed") from error
        except OSError as error:
            raise Broken("the server cannot be reached") from error

    async def _sign_in(self, socket: ClientConnection, token: str) -> None:
        message: dict[str, Any] = {"type": "auth", "token": token}
        if (since := self._quotes.since) is not None:
            message["since"] = since
        await socket.send(json.dumps(message))

    def _take(self, text: str | bytes) -> None:
        try:
            frame: Frame = json.loads(text)
            kind = frame.get("type")
            change = self._quotes.apply(frame)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Broken("the server sent something that makes no sense") from error
        if kind == "welcome":
            self._welcome(frame)
        if change is not None:
            self._view.changed(change)
        if kind in {"snapshot", "prices"}:
            self._is_live()
        if kind == "heartbeat":
            self._heartbeat(frame)

    def _welcome(self, frame: Frame) -> None:
        if frame.get("protocol") != _PROTOCOL:
            raise Stop(f"The server speaks protocol {printable(frame.get('protocol'))}, not 1.")
        self._delayed_since = None
        heartbeat = frame.get("heartbeat")
        if isinstance(heartbeat, int | float):
            self._silence_seconds = heartbeat + _GRACE_SECONDS

    def _is_live(self) -> None:
        self._live_since = self._live_since or time.monotonic()
        self._token_refused = False
        self._is_fresh()

    def _heartbeat(self, frame: Frame) -> None:
        self._delayed_since = _seconds(frame.get("delayed_since"))
        stale_since = _seconds(frame.get("stale_since"))
        if stale_since is not None:
            self._fresh_at = stale_since
            self._view.status(Status("stale", since=stale_since))
        elif self._live_since is not None:
            self._is_fresh()

    def _is_fresh(self) -> None:
        """As fresh as the server's source: while that is in trouble, only some prices are new."""
        if self._delayed_since is None:
            self._fresh_at = time.time()
            self._view.status(Status("live"))
        else:
            self._fresh_at = self._delayed_since
            self._view.status(Status("delayed", since=self._fresh_at))

    def _is_welcome_back_at_once(self, code: int) -> bool:
        """Errors: Stop and SignInAgain where it is not welcome at all."""
        match closes.verdict_of(code):
            case Verdict.SIGN_IN:
                raise SignInAgain(closes.sign_in_ended(code))
            case Verdict.STOP:
                raise Stop(self._why_stopped(code))
            case Verdict.RENEW_TOKEN:
                return self._renews_token(code)
            case _:
                return False

    def _renews_token(self, code: int) -> bool:
        if self._session is None or (code == closes.BAD_TOKEN and self._token_refused):
            raise SignInAgain(closes.sign_in_ended(code))
        self._session.access_refused()
        was_refused, self._token_refused = self._token_refused, True
        # One that is refused as soon as it has been bought (clocks differ) is no reason to race.
        return not was_refused

    def _why_stopped(self, code: int) -> str:
        if code == closes.UNKNOWN_TICKER:
            return "There is no such ticker, or it is not active any more."
        if code == closes.TOO_MANY:
            return "Too many connections are open. Close others, then start this again."
        return f"The server refuses this client (code {code})."

    async def _wait(self, broken: Broken) -> None:
        if self._live_since and time.monotonic() - self._live_since >= _PROOF_SECONDS:
            self._failures = 0
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**self._failures)
        # All of it is random: after a restart everybody comes back at once.
        delay = random.uniform(0, longest)  # noqa: S311
        if (hint := broken.hint_seconds) is not None:
            # It takes the place of the back-off, unless we are sent away again and again.
            delay = hint if self._live_since else max(hint, delay)
        self._failures = min(self._failures + 1, 10)
        status = Status("reconnecting", self._fresh_at, time.time() + delay, str(broken))
        self._view.status(status)
        await asyncio.sleep(delay)


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _refused(status: int) -> Exception:
    """Proxies answer 5xx while the server behind them is away."""
    if status in {408, 429} or status >= 500:
        return Broken(f"HTTP {status}")
    return Stop(f"No Tickwatch answers there, but HTTP {status}.")
