"""The cast and the tools every test may use."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from channels.layers import channel_layers
from django.conf import settings
from django.core.cache import caches
from django.core.management import get_commands
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from rest_framework.test import APIClient
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.models import Role, User
from accounts.services import tokens_issue
from config import metrics
from pricefeed.delivery import latest
from pricefeed.recording import batches
from rest.owed import Announcements
from securities import version
from securities.models import Quote, Security
from securities.services import securities_set_active
from tests import emptying

PASSWORD = "correct horse battery 7"

# How long an example takes says how busy the machine is, and nothing of what is tested.
hypothesis_settings.register_profile(
    "ours", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("ours")

get_commands()["flush"] = emptying.Command()


class JsonClient(APIClient):
    """Sends JSON unless told otherwise."""

    default_format = "json"


Api = Callable[..., JsonClient]
MakeSecurity = Callable[..., Security]


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["tests.hashers.CheapArgon2"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def one_look_at_static_files() -> Iterator[None]:
    """Each test client makes all middleware anew, and shares what WhiteNoise once found."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", once)
        yield


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs tests may stand still for seconds, and figures still be asked for."""
    monkeypatch.setattr(metrics, "PATIENCE_SECONDS", 20.0)


@pytest.fixture(autouse=True)
def own_cache_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test counts from zero, and no test empties a Redis that others use."""
    prefix = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setitem(settings.CACHES["default"], "KEY_PREFIX", prefix)
    monkeypatch.setattr(caches["default"], "key_prefix", prefix)


def use_own_redis_names(monkeypatch: pytest.MonkeyPatch) -> str:
    """Channels and keys of one test alone, so that tests share a Redis and nothing else."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setitem(settings.CHANNEL_LAYERS["default"]["CONFIG"], "prefix", name)
    monkeypatch.setattr(channel_layers, "backends", {})
    monkeypatch.setattr(latest, "_QUOTES", f"{name}:quotes")
    monkeypatch.setattr(latest, "_MARK", f"{name}:mark")
    monkeypatch.setattr(latest, "_CATALOGUE", f"{name}:mark:catalogue")
    monkeypatch.setattr(latest, "_HEARD", f"{name}:mark:heard")
    monkeypatch.setattr(latest, "_DELAYED", f"{name}:mark:delayed")
    monkeypatch.setattr(batches, "KEY", f"{name}:batches")
    monkeypatch.setattr(version, "KEY", f"{name}:version")
    return name


def in_thread(call: Callable[[], Any]) -> Any:
    """The result of a call made over a database connection of its own."""

    def run() -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(20)


def make_user(username: str, role: Role = Role.USER, **fields: Any) -> User:
    return User.objects.create_user(
        username, f"{username}@example.com", PASSWORD, role=role, **fields
    )


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    """The outsider: has an account, and no business with alice's things."""
    return make_user("bob")


@pytest.fixture
def staff(db: None) -> User:
    return make_user("staff", Role.STAFF)


@pytest.fixture
def feeder(db: None) -> User:
    return make_user("feeder", Role.FEEDER)


@pytest.fixture
def api() -> Api:
    """`api()` is a stranger, `api(alice)` is alice with a real access token."""

    def client(user: User | None = None, **options: Any) -> JsonClient:
        made = JsonClient(**options)
        if user is not None:
            made.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_issue(user=user).access}")
        return made

    return client


@pytest.fixture
def security(db: None) -> MakeSecurity:
    """`security("AAPL", price="187.32")`: a security, with a quote when a price is given."""
    sequences = itertools.count(1)

    def make(
        ticker: str = "AAPL",
        *,
        price: str | None = None,
        previous_close: str | None = None,
        sequence: int | None = None,
        **fields: Any,
    ) -> Security:
        made = Security.objects.create(
            **{"ticker": ticker, "name": f"{ticker.title()} Inc.", "exchange": "NASDAQ", **fields}
        )
        if price is not None:
            Quote.objects.create(
                security=made,
                price=Decimal(price),
                previous_close=Decimal(previous_close or price),
                updated_at=timezone.now(),
                sequence=next(sequences) if sequence is None else sequence,
            )
        return made

    return make


def set_active(ticker: str, *, active: bool) -> int:
    """As staff do it in the admin site; how many it changed."""
    return securities_set_active(securities=Security.objects.filter(ticker=ticker), active=active)


def wait_for_debts(announcements: Announcements[Any]) -> None:
    """Until the thread that repeats these announcements has said everything."""
    for thread in threading.enumerate():
        if thread.name == announcements._name:
            thread.join(20)
            assert not thread.is_alive()


@contextmanager
def serving() -> Iterator[str]:
    """The whole application on uvicorn, as in production; gives its host and port."""
    from config.server import open_listener, server_on

    with open_listener("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()
        running = server_on(listener)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield f"{host}:{port}"
        running.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def another_server(transactional_db: None) -> Iterator[str]:
    """With a hub and links of its own, as if it were another process."""
    with serving() as address:
        yield address
