"""The page of settings and the code that reads them say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment, redis_database
from config.settings import env

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
COMMANDS = {"DEMO_PASSWORD", "STAFF_PASSWORD"}  # read by createusers
COMPOSE = [ROOT / "docker-compose.yml", *(ROOT / "deploy").glob("compose.*.yml")]
PROGRAMS = [*(ROOT / "deploy" / "local").rglob("*.py"), *(ROOT / "frontend/console").rglob("*.py")]


def documented() -> Any:
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", PAGE.read_text(), re.MULTILINE))


def found(pattern: str, files: list[Path]) -> set[str]:
    return {name for file in files for name in re.findall(pattern, file.read_text())}


def read_around() -> set[str]:
    """What Compose and the programs of make read, and the processes themselves do not."""
    ours = r"""os\.environ\.get\("(TICKWATCH_[A-Z_]+)"""
    return found(r"\$\{([A-Z][A-Z0-9_]+)", COMPOSE) | found(ours, PROGRAMS)


def test_every_setting_that_is_read_is_documented() -> None:
    assert {"GRAFANA_PORT", "TICKWATCH_URL", "TICKWATCH_VENV"} < read_around()
    assert (env.names | read_around()) - documented() == set()


def test_every_documented_setting_is_read() -> None:
    assert documented() - env.names - COMMANDS - read_around() == set()


def test_each_row_says_meaning_default_range_and_example() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| `[A-Z]", line)]
    assert [row for row in rows if any(not cell.strip() for cell in row.split("|")[1:-1])] == []
    assert {row.count(" | ") for row in rows} == {4}


def test_nothing_but_config_and_commands_reads_the_environment() -> None:
    apps = ("rest", "accounts", "securities", "watchlists", "pricefeed")
    reading = re.compile(r"os\.environ|os\.getenv")
    files = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    readers = {str(path.relative_to(ROOT)) for path in files if reading.search(path.read_text())}
    assert readers == {"accounts/management/commands/createusers.py"}


@pytest.mark.parametrize(
    "value",
    ["*", "https://*", "https://*.example.com", "app.example.com", "https://app.example.com/",
     "https://app.example.com/path", "ftp://app.example.com", "https://", "null",
     "https://user@app.example.com", "https://app.example.com:port", "https://APP.example.com",
     "https://app.example.com:443", "http://app.example.com:80",
     "https://ok.example.com, *"],
)  # fmt: skip
def test_cors_origins_that_no_browser_sends_are_refused_at_start(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="CORS_ORIGINS"):
        Environment({"CORS_ORIGINS": value}).origins("CORS_ORIGINS")


def test_exact_origins_are_taken() -> None:
    value = "https://app.example.com, http://localhost:5173,http://[::1]:8000"
    assert Environment({"CORS_ORIGINS": value}).origins("CORS_ORIGINS") == [
        "https://app.example.com",
        "http://localhost:5173",
        "http://[::1]:8000",
    ]


@pytest.mark.parametrize(
    "value", ["http://x", "a b", "x.example.com:8000", "x/y", "[::1", "*.example.com", "ok,a:b"]
)
def test_hosts_that_no_request_names_are_refused_at_start(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^ALLOWED_HOSTS is .*, but must be"):
        Environment({"ALLOWED_HOSTS": value}).hosts("ALLOWED_HOSTS", "")


def test_tickers_are_taken_in_any_spelling() -> None:
    found = Environment({"VENDOR_TICKERS": "aapl, brk-b ,MSFT,"}).tickers("VENDOR_TICKERS")
    assert found == ["AAPL", "BRK.B", "MSFT"]


@pytest.mark.parametrize("value", ["AAPL;MSFT", "AAPL,///", "AAPL MSFT"])
def test_what_is_no_ticker_is_refused_at_start(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"VENDOR_TICKERS is '.*tickers like"):
        Environment({"VENDOR_TICKERS": value}).tickers("VENDOR_TICKERS")


def test_names_and_addresses_of_hosts_are_taken() -> None:
    value = "*,.example.com,this-machine,my_host,10.0.0.1,[::1],fd00::1,[10.0.0.1],localhost."
    assert Environment({"ALLOWED_HOSTS": value}).hosts("ALLOWED_HOSTS", "") == value.split(",")


@pytest.mark.parametrize("value", ["x", "nan", "sNaN", "-sNaN1", "inf", "1e999", "0.9", "2.1"])
def test_a_decimal_out_of_its_range_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^STEP is .*, but must be .* from 1 to 2\.$"):
        Environment({"STEP": value}).decimal("STEP", "1", low="1", high="2")


@pytest.mark.parametrize("value", ["", "short", "x" * 31])
def test_a_short_secret_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        Environment({"SECRET_KEY": value}).secret("SECRET_KEY", at_least=32)
    assert "SECRET_KEY" in str(refusal.value)
    assert value == "" or value not in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    ["postgres://", "postgres://host", "postgres://host/", "mysql://u:s3cret@h/db", "tickwatch",
     "postgres://u:s3cret@h:notaport/db", "postgres://u:s3cret@h:99999/db",
     "postgres://u:s3cret@h:0/db", "postgres://u:s3cret[@h/db", "postgres://u:s3cret?@h/db",
     "postgres://u:s3cret/@h/db", "u:s3cret@h/db"],
)  # fmt: skip
def test_an_address_of_postgres_that_names_no_database_is_refused_without_its_password(
    value: str,
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is .*, but must be") as refusal:
        Environment({"DATABASE_URL": value}).postgres("DATABASE_URL")
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    ["redis://localhost:notaport/0", "redis://localhost:99999/0", "redis://localhost:0/0",
     "redis://localhost/abc", "redis://localhost/1/2", "redis://localhost/-1",
     "redis://localhost?db=x", "redis://localhost?db=-1", "unix://", "unix:///run/redis?db=x",
     "http://localhost/0", "localhost:6379", "redis://u:s3cret[@h/0", "redis://:s3cret/@h/0",
     "unix:///run/redis?password=s3cret&db=x", "redis://:s3cret@h/0?ssl_cert_req=none",
     "rediss://:s3cret@h/0?ssl_cert_reqs=some"],
)  # fmt: skip
def test_an_address_of_redis_with_a_wrong_port_or_database_is_refused_without_its_password(
    value: str,
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL is .*, but must be") as refusal:
        Environment({"REDIS_URL": value}).redis("REDIS_URL")
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    ["postgres://u:p%40@h:5432/db", "postgresql:///db", "postgres://h/db?sslmode=require",
     "postgres:////run/postgresql/db", "postgres://u:p@[::1]:5432/db"],
)  # fmt: skip
def test_an_address_of_postgres_is_taken_as_it_is(value: str) -> None:
    assert Environment({"DATABASE_URL": value}).postgres("DATABASE_URL") == value


@pytest.mark.parametrize(
    ("value", "database"),
    [("redis://localhost", 0), ("redis://localhost/", 0), ("redis://:p@localhost:6379/3", 3),
     ("rediss://localhost?db=2", 2), ("unix:///run/redis.sock", 0), ("unix:///run/r.s?db=4", 4)],
)  # fmt: skip
def test_an_address_of_redis_is_taken_with_its_database(value: str, database: int) -> None:
    assert Environment({"REDIS_URL": value}).redis("REDIS_URL") == value
    assert redis_database(value) == database
