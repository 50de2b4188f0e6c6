"""One contender on stage: its feed, its server and a crowd, each a process, with a clean slate."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from bench.contenders import Contender, free_address, serving
from bench.crowd.crowd import crowd
from bench.market.plan import Address, Opening, Plan
from bench.peers.debian import require
from bench.process import Worker
from bench.scratch import scratch
from bench.usage import Usage, usage

_CALM_SECONDS = 0.05
_CALM_SHARE = 0.05


class Stage(NamedTuple):
    """Nobody is connected yet."""

    feed: Worker
    opening: Opening
    server: Worker
    address: Address
    clients: Worker

    def used(self) -> Usage:
        """By the server, since it was started."""
        return usage(self.server.pid)

    def calm(self) -> None:
        """Returns when the server has had next to nothing to do for a moment."""
        before, now = 0.0, self.used().cpu_seconds
        while now - before > _CALM_SHARE * _CALM_SECONDS:
            time.sleep(_CALM_SECONDS)
            before, now = now, self.used().cpu_seconds


@contextmanager
def stage(contender: Contender, plan: Plan) -> Iterator[Stage]:
    """Everything ends with the block. Raises debian.Missing, BenchmarkFailed."""
    require(contender.needs)
    address = free_address()
    with ExitStack() as stack:
        stack.enter_context(scratch())
        feed = stack.enter_context(Worker(contender.feed, plan, address))
        opening: Opening = feed.hear()
        server = stack.enter_context(serving(contender, address))
        clients = stack.enter_context(Worker(crowd))
        yield Stage(feed, opening, server, address, clients)
