"""`python -m frontend.console`: sign in once, then watch."""

import asyncio
import getpass
import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Protocol, Self

from frontend.console.endings import ReaderGone, SignInAgain, Stop, Unavailable
from frontend.console.follow import Follower, View
from frontend.console.lines import Lines
from frontend.console.options import Options, parse
from frontend.console.quotes import Quotes
from frontend.console.session import Session
from frontend.console.table import Table
from frontend.console.tokens import TokenFile

_FAILED, _STOPPED, _TERMINATED = 1, 130, 143
_SIGN_IN_ATTEMPTS = 3


class Shown(View, Protocol):
    """A view and the time it is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    async def keep(self) -> None: ...


def main() -> int:
    """The exit code. What goes wrong is one sentence on stderr."""
    options = parse()
    session = Session(url=options.url, file=TokenFile(options.token_file))
    try:
        if options.sign_out:
            return _sign_out(session)
        _prepare_output()
        return _watch(options, session)
    except (Stop, SignInAgain, Unavailable) as ended:
        _say(str(ended))
        return _FAILED
    except ReaderGone:
        return 0
    except KeyboardInterrupt:
        return _STOPPED
    except asyncio.CancelledError:
        return _TERMINATED


def _prepare_output() -> None:
    """Not every terminal knows our dots and dashes. Errors: Stop where there is no output."""
    if sys.stdout is None:
        raise Stop("There is no output to show prices on.")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _watch(options: Options, session: Session) -> int:
    """Follow; whoever is at a terminal may sign in again when a sign-in has ended."""
    while True:
        try:
            asyncio.run(_follow(options, session if options.needs_sign_in else None))
        except SignInAgain as ended:
            if not sys.stdin.isatty():
                _say(f"{ended} Run it once in a terminal to sign in.")
                return _FAILED
            _say(f"{ended} Sign in to {options.url}.")
            _sign_in(session)
        except KeyboardInterrupt:  # there is no other way to leave a table
            return 0 if _has_table(options) else _STOPPED


async def _follow(options: Options, session: Session | None) -> None:
    """Until either the following or the showing ends, by an error."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _me().cancel)
    quotes = Quotes()
    with _view(options, quotes) as view:
        follower = Follower(url=options.socket_url, session=session, quotes=quotes, view=view)
        work = [asyncio.create_task(follower.run()), asyncio.create_task(view.keep())]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)


def _view(options: Options, quotes: Quotes) -> Shown:
    return Table(quotes=quotes, title=options.url) if _has_table(options) else Lines()


def _has_table(options: Options) -> bool:
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return is_terminal and not options.json


def _sign_in(session: Session) -> None:
    """Asks on the terminal; stdout may be a pipe. Errors: SignInAgain, Stop, Unavailable."""
    for attempt in range(1, _SIGN_IN_ATTEMPTS + 1):
        print("Username: ", end="", file=sys.stderr, flush=True)
        username = sys.stdin.readline()
        if not username:
            raise Stop("Nobody signed in.")
        try:
            password = getpass.getpass(stream=sys.stderr)
        except EOFError:
            raise Stop("Nobody signed in.") from None
        try:
            return session.sign_in(username=username.strip(), password=password)
        except SignInAgain as refused:
            if attempt == _SIGN_IN_ATTEMPTS:
                raise
            _say(str(refused))
    return None


def _sign_out(session: Session) -> int:
    try:
        was_signed_in = session.sign_out()
    except Unavailable as away:
        raise Stop(f"Forgotten here, but the server does not know: {away}") from away
    _say("Signed out." if was_signed_in else "Nobody is signed in here.")
    return 0


def _me() -> "asyncio.Task[None]":
    task = asyncio.current_task()
    assert task is not None
    return task


def _say(sentence: str) -> None:
    with suppress(BrokenPipeError):
        print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
