"""A Redis for benchmarks, which want an empty one; the other tests fill theirs."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from redis import Redis

_DATABASES = {"gw0": 13, "gw1": 12}  # tests run side by side
_ALONE = 14


@pytest.fixture(scope="module")
def redis_of_this_module() -> Iterator[None]:
    number = _DATABASES.get(os.environ.get("PYTEST_XDIST_WORKER", ""), _ALONE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "REDIS_URL", urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
        )
        yield


@pytest.fixture
def redis_of_its_own(redis_of_this_module: None) -> Iterator[Redis]:
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client
