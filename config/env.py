"""Every setting an operator can give, read from the environment and checked once.

A wrong value stops the process with one sentence that names the variable, what
it holds and what it may hold. `docs/configuration.md` documents each of them; a
guard test compares that page with the names read here.
"""

import math
import os
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.connection import ConnectionPool, parse_url
from redis.exceptions import RedisError

from securities.tickers import canonical_ticker

Number = TypeVar("Number", int, float, Decimal)

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_HOST = re.compile(
    r"\*|\.?[\w-]+(\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+\]|([0-9a-fA-F.]*:){2,}[0-9a-fA-F.]*"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Environment:
    """Typed reads from a mapping of environment variables; remembers the names asked for."""

    def __init__(self, values: Mapping[str, str] = os.environ) -> None:
        self._values = values
        self.names: set[str] = set()

    def text(self, name: str, default: str | None = None) -> str:
        """The value, or the default; without a default the variable must be set."""
        self.names.add(name)
        value = self._values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. Set it in the environment.")
        return default

    def choice(self, name: str, default: str, *, of: tuple[str, ...]) -> str:
        """One of a few words, in lower case."""
        value = self.text(name, default).lower()
        if value not in of:
            raise _wrong(name, value, "one of " + ", ".join(of))
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """true/false, 1/0, yes/no, on/off."""
        value = self.text(name, str(default)).lower()
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise _wrong(name, value, "true or false")

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number from low to high."""
        return self._number(name, default, int, low, high, "a whole number")

    def seconds(self, name: str, default: float, *, low: float, high: float) -> float:
        """A number of seconds from low to high; fractions are fine."""
        return self._number(name, default, float, low, high, "a number of seconds")

    def decimal(self, name: str, default: str, *, low: str, high: str) -> Decimal:
        """An exact decimal from low to high."""
        return self._number(
            name, Decimal(default), Decimal, Decimal(low), Decimal(high), "a decimal number"
        )

    def words(self, name: str, default: str = "") -> list[str]:
        """A list separated by commas, without empty words."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def tickers(self, name: str) -> list[str]:
        """A list of tickers in their canonical form."""
        values = self.words(name)
        tickers = [canonical_ticker(value) for value in values]
        if None in tickers:
            raise _wrong(name, values[tickers.index(None)], "tickers like AAPL,BRK.B, by commas")
        return [ticker for ticker in tickers if ticker]

    def secret(self, name: str, *, at_least: int) -> str:
        """A text that must be set, of a least length; it is never shown."""
        value = self.text(name)
        if len(value) < at_least:
            raise ImproperlyConfigured(f"{name} must have at least {at_least} characters.")
        return value

    def hosts(self, name: str, default: str) -> list[str]:
        """A list of host names and addresses without ports, as Django's ALLOWED_HOSTS."""
        values = self.words(name, default)
        for value in values:
            if not _HOST.fullmatch(value):
                raise _wrong(name, value, "hosts like stocks.example.com, without ports, by commas")
        return values

    def origins(self, name: str) -> list[str]:
        """A list of exact web origins, `https://host[:port]`; no patterns, no paths."""
        values = self.words(name)
        for value in values:
            if not _is_origin(value):
                raise _wrong(name, value, "origins like https://app.example.com, by commas")
        return values

    def web_address(self, name: str, default: str) -> str:
        """The address of a web service, `http(s)://host[:port][/path]`."""
        value = self.text(name, default)
        if not _is_web_address(value):
            raise _wrong(name, _masked(value), "an address like https://data.example.com")
        return value.rstrip("/")

    def postgres(self, name: str) -> str:
        """The address of a Postgres database, by its name."""
        return self._address(name, _is_postgres, "like postgres://user:password@host:5432/database")

    def redis(self, name: str) -> str:
        """The address of a Redis, and of its databases by number."""
        return self._address(name, _is_redis, "like redis://host:6379/0 or unix:///path?db=0")

    def file(self, name: str) -> Path | None:
        """A path to a file that exists, or None when the variable is not set."""
        value = self.text(name, "")
        if not value:
            return None
        path = Path(value).expanduser()
        if not path.is_file():
            raise _wrong(name, value, "the path of a file that exists")
        return path

    def _address(self, name: str, is_right: Callable[[str], bool], form: str) -> str:
        value = self.text(name)
        if not is_right(value):
            raise _wrong(name, _masked(value), f"{form}, with signs in the password as %40 for @")
        return value

    def _number(
        self,
        name: str,
        default: Number,
        parse: Callable[[str], Number],
        low: Number,
        high: Number,
        what: str,
    ) -> Number:
        raw = self.text(name, str(default))
        try:
            value = parse(raw)
            if math.isfinite(value) and low <= value <= high:  # a ValueError for Decimal("sNaN")
                return value
        except (ValueError, InvalidOperation):
            pass
        raise _wrong(name, raw, f"{what} from {low} to {high}")


def redis_database(url: str) -> int:
    """The number of the database that an address of Redis names; 0 where it names none."""
    return int(parse_url(url).get("db", 0))  # type: ignore[no-untyped-call]


def _is_origin(text: str) -> bool:
    """Whether a browser could send exactly this as its Origin header."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    plain = f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
    if parts.scheme not in _DEFAULT_PORTS or port == _DEFAULT_PORTS[parts.scheme]:
        return False
    return bool(host) and "*" not in host and plain == text


def _is_web_address(text: str) -> bool:
    """Whether one could ask there: no query, and nothing secret in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    rest = parts.query or parts.fragment or "@" in parts.netloc
    return parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and port != 0 and not rest


def _is_postgres(text: str) -> bool:
    """Whether this names a database; the rest has defaults."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"postgres", "postgresql"} and port != 0 and bool(parts.path.strip("/"))


def _is_redis(text: str) -> bool:
    """Whether redis-py finds in this what is meant: it ignores a database that is no number."""
    try:
        parts = urlsplit(text)
        database = redis_database(text)
        ConnectionPool.from_url(text).make_connection()  # connects nowhere yet
    except (ValueError, TypeError, RedisError):
        return False
    if parts.scheme == "unix":
        return bool(parts.path) and database >= 0
    is_number = re.fullmatch(r"(/\d*)?", parts.path) is not None
    return parts.scheme in {"redis", "rediss"} and parts.port != 0 and is_number and database >= 0


def _masked(url: str) -> str:
    """The address without its password, wherever that ends: errors are logged."""
    url = re.sub(r"((?://|^(?!\w+://))[^:@/]*):.*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", url)


def _wrong(name: str, value: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value!r}, but must be {expected}.")
