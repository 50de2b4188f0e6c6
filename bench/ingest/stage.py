"""The pipeline on stage: web, workers and Beat as in production, a database, a load client."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.contenders import Contender, free_address, module, serving
from bench.ingest.clocks import Clocks, clocks, postmaster_pid
from bench.ingest.load import load
from bench.ingest.market import market
from bench.ingest.plan import Plan
from bench.market.feed import feed
from bench.process import Worker, program
from bench.scratch import scratch

_CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "config")
_QUIETLY = ("--loglevel", "ERROR")
_ENVIRONMENT = {
    # Every tick is one of ours: the scheduled job, which has a source of its own, never runs.
    "PRICE_UPDATE_SECONDS": "3600",
}


class Way(NamedTuple):
    """A pipeline from the request to the commit."""

    name: str
    server: Contender
    has_workers: bool = True


OURS = Way("Tickwatch", Contender("Tickwatch", module("config.server"), feed))
PLAIN = Way(
    "plain",
    Contender(
        "the plain way",
        module("uvicorn", "--log-level", "error", "--port", "{port}", "--http", "httptools",
               "--loop", "uvloop", "bench.peers.plain_ingest:application"),
        feed,
    ),
    has_workers=False,
)  # fmt: skip


class Stage(NamedTuple):
    """Nothing has been pushed yet."""

    client: Worker
    pids: dict[str, int]
    postmaster: int

    def clocks(self) -> Clocks:
        return clocks(self.pids, self.postmaster)


@contextmanager
def stage(way: Way, plan: Plan) -> Iterator[Stage]:
    """Everything ends with the block. Raises BenchmarkFailed."""
    address = free_address()
    with ExitStack() as stack:
        stack.enter_context(scratch(**_ENVIRONMENT))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tickwatch-bench-")))
        token = stack.enter_context(Worker(market, plan)).hear()
        pids = {"web": stack.enter_context(serving(way.server, address)).pid}
        if way.has_workers:
            pids["workers"] = stack.enter_context(_workers(plan, folder)).pid
            stack.enter_context(_beat(folder))
        client = stack.enter_context(
            Worker(partial(load, is_published=way.has_workers), plan, address.port, token)
        )
        client.hear()
        pids["client"] = client.pid
        yield Stage(client, pids, postmaster_pid())


def _workers(plan: Plan, folder: Path) -> Worker:
    """As docker-compose.yml starts them, as many processes as the plan says."""
    argv = [*_CELERY, "worker", "--pool", "prefork", "--concurrency", str(plan.workers)]
    argv += ["--without-gossip", "--without-mingle", *_QUIETLY]
    return Worker(program, argv, {}, str(folder / "workers"))


def _beat(folder: Path) -> Worker:
    argv = [*_CELERY, "beat", "--pidfile", "", "--schedule", str(folder / "schedule"), *_QUIETLY]
    return Worker(program, argv, {}, str(folder / "beat"))
