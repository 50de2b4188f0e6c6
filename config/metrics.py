"""`/metrics`: figures of all processes of this server, in Prometheus' text format.

A scrape reaches one of WEB_PROCESSES, whichever takes the connection. So each writes its
figures into a folder that they share, prometheus_client's multiprocess mode, and whoever
is asked adds them up. The folder is made by the process that minds the others.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from config.questions import Question
from config.screen import api_not_found
from pricefeed.figures import committed_figures, waiting_figures
from rest.errors import AWAY, NO_STORE
from rest.views import only_read

log = structlog.get_logger(__name__)

ADDRESS = "/metrics"
PATIENCE_SECONDS = 1.0
"""For Postgres and Redis together: Prometheus itself gives up after ten."""

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when it is imported
_PREFIX = "tickwatch-figures-"
_SIGNS_OF_A_PROXY = ("X-Forwarded-For", "Forwarded")


class Metrics:
    """Middleware that answers before all others.

    Prometheus asks by an address that is in no ALLOWED_HOSTS, every few seconds, and that
    belongs into no log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_asked = request.path.rstrip("/") == ADDRESS
        return _metrics(request) if is_asked else self._get_response(request)


@only_read
def _metrics(request: HttpRequest) -> HttpResponse:
    """Not for the public: what came through a proxy is told that there is nothing."""
    if any(name in request.headers for name in _SIGNS_OF_A_PROXY):
        return api_not_found(request)
    text = generate_latest(_processes()) + generate_latest(_server)
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers=NO_STORE)


def _processes() -> CollectorRegistry:
    """What processes say of themselves: all of them together, or the only one."""
    folder = os.environ.get(_FOLDER)
    if folder is None:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return registry


class _Servers(Collector):
    """What is the same whichever process is asked, read when it is asked.

    Left out while the server that knows it is away.
    """

    def __init__(self) -> None:
        self._questions = {
            "postgres": Question(lambda: list(committed_figures())),
            "redis": Question(lambda: list(waiting_figures())),
        }

    def collect(self) -> Iterator[Metric]:
        """Both are asked at once."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        answers = {server: question.put() for server, question in self._questions.items()}
        is_up = GaugeMetricFamily(
            "tickwatch_server_up", "Whether this server answers in time.", labels=["server"]
        )
        for server, answer in answers.items():
            try:
                figures = answer.result(timeout=max(0.0, deadline - time.monotonic()))
            except Exception as error:  # the other figures are worth having
                if not isinstance(error, AWAY):
                    log.exception("figures_not_read", server=server)
                is_up.add_metric([server], 0)
            else:
                is_up.add_metric([server], 1)
                yield from figures
        yield is_up


# When each counter was made: as many lines again, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

_server = CollectorRegistry()
_server.register(_Servers())


# -- For the process that minds the others, and for them --------------------------------------


@contextmanager
def shared_figures() -> Iterator[None]:
    """Programs started meanwhile share their figures, in a folder that goes with us.

    Who is killed leaves a folder behind; it goes when one of us comes once nobody holds it.
    """
    _remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        os.environ[_FOLDER] = folder
        held = hold_figures()
        try:
            yield
        finally:
            os.close(held)
            del os.environ[_FOLDER]


def hold_figures() -> int:
    """Keep the shared folder as long as the descriptor is open: at most as long as we live."""
    held = os.open(os.environ[_FOLDER], os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


def _remove_left_behind() -> None:
    """Folders that nobody holds. An empty one is left: whoever is making it may not hold it yet."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody holds it, or it is not ours to look into
            looking = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(looking, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.listdir(looking):
                    shutil.rmtree(folder)
            finally:
                os.close(looking)


def forget_process(pid: int) -> None:
    """A process has ended: its sockets are gone, what it has counted stays counted."""
    folder = os.environ.get(_FOLDER)
    if folder is not None:
        multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
