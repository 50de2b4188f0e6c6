"""An index, a version and a channel layer that no other test or server uses."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from channels.layers import channel_layers

from securities import events, version
from securities.search.keeper import keeper


@pytest.fixture(autouse=True)
def fresh_index() -> Iterator[None]:
    """The index lives as long as the process; each test begins without one."""
    keeper.reset()
    yield
    keeper.reset()


@pytest.fixture(autouse=True)
def own_redis_names(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Pub/sub does not know database numbers: what others announce must not be heard here."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(version, "KEY", f"{name}:securities:version")
    layer = settings.CHANNEL_LAYERS["default"]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "prefix": name}}}
    channel_layers.backends = {}
    yield
    channel_layers.backends = {}


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with every announcement."""
    made: list[str] = []
    monkeypatch.setattr(events._changes, "_say_or_owe", made.append)
    return made


@pytest.fixture
def redis_away(settings: Any) -> Callable[[], None]:
    """`redis_away()`: from now on nobody answers where the catalogue's version is kept."""

    def leave() -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

    return leave
