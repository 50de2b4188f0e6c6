"""What the command line says."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

DEFAULT_URL = "http://localhost:8000"


@dataclass(frozen=True, slots=True)
class Options:
    """`url` is the server's, without a slash at the end; without tickers and `all` the
    watchlist is meant.
    """

    url: str
    token_file: Path
    tickers: tuple[str, ...] = ()
    all: bool = False
    json: bool = False
    sign_out: bool = False

    @property
    def needs_sign_in(self) -> bool:
        return not (self.tickers or self.all)

    @property
    def socket_url(self) -> str:
        base = "ws" + self.url.removeprefix("http")
        if self.needs_sign_in:
            return f"{base}/ws/watchlist"
        chosen = f"?tickers={quote(','.join(self.tickers))}" if self.tickers else ""
        return f"{base}/ws/prices{chosen}"


def parse(words: Sequence[str] | None = None) -> Options:
    """The options; what is wrong with them ends the program with a sentence and code 2."""
    given = vars(_parser().parse_args(words))
    return Options(**{name: value for name, value in given.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m frontend.console",
        description="Your watchlist, live in a terminal. Ctrl-C ends it.",
    )
    parser.add_argument(
        "--url",
        type=_url,
        default=os.environ.get("TICKWATCH_URL") or DEFAULT_URL,
        help=f"the server; default TICKWATCH_URL or {DEFAULT_URL}",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--tickers",
        type=_tickers,
        metavar="AAPL,MSFT",
        help="these instead of the watchlist; needs no sign-in",
    )
    what.add_argument(
        "--all", action="store_true", help="every active ticker; needs no sign-in, either"
    )
    what.add_argument(
        "--sign-out", action="store_true", help="end this sign-in and forget its token"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="a line of JSON for each update; without a terminal that is the default",
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        default=_default_token_file(),
        help="where the refresh token is kept; default %(default)s",
    )
    return parser


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna")
        is_right = parts.scheme in {"http", "https"} and bool(host) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.query or parts.fragment or parts.username is not None:
        raise argparse.ArgumentTypeError(f"{text!r} is no address like {DEFAULT_URL}")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _tickers(text: str) -> tuple[str, ...]:
    tickers = tuple(word.strip() for word in text.split(",") if word.strip())
    if not tickers:
        raise argparse.ArgumentTypeError("name at least one, as in --tickers AAPL,MSFT")
    return tickers


def _default_token_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    # The standard says to ignore what is not absolute.
    home = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return home / "tickwatch" / "tokens.json"
