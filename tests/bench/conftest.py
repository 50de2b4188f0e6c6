"""A Redis for benchmarks, which want an empty one; the other tests fill theirs."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from redis import Redis

_HIGHEST = 15  # of the databases that a Redis has unless told otherwise


def _empty_database() -> str:
    """Tests that run side by side look at every other number, from the top."""
    first = _HIGHEST - (os.environ.get("PYTEST_XDIST_WORKER") == "gw1")
    url = urlsplit(os.environ["REDIS_URL"])
    for number in range(first, 0, -2):
        numbered = url._replace(path=f"/{number}").geturl()
        with Redis.from_url(numbered) as client:
            if not client.dbsize():
                return numbered
    pytest.fail("This Redis has no empty database.")


@pytest.fixture(scope="module")
def redis_of_this_module() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_URL", _empty_database())
        yield


@pytest.fixture
def redis_of_its_own(redis_of_this_module: None) -> Iterator[Redis]:
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client
