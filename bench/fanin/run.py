"""The fan-in: what a changed ticker costs a server process before any user is told.

A sender publishes ticks of real price messages; a receiver, which has joined the
group of each ticker, takes them from its channel layer. Both are processes of
their own, and each says what CPU time it used.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import django
import redis
import uvloop

from bench.fanin.layers import WAYS, Packed, Way
from bench.process import Pipe, Worker
from bench.scratch import scratch
from bench.section import Costs, Headline, Section

SIZES = (500, 5000)
ROUNDS = 3


class Job(NamedTuple):
    """One round."""

    way: Way
    tickers: int
    ticks: int


class Cost(NamedTuple):
    """Per changed ticker; CPU in µs."""

    receiver: float
    sender: float
    bytes: float
    """That Redis is sent for it, commands included."""


def measure(job: Job) -> Cost:
    """One round, in two new processes."""
    taken, has_taken = multiprocessing.Pipe(duplex=False)
    with Worker(receive, job, has_taken) as receiver, Worker(send, job, taken) as sender:
        receiver.hear()
        bytes_before = _bytes_to_redis()
        sender_seconds = sender.ask("begin")
        receiver_seconds = receiver.hear()
        sent = _bytes_to_redis() - bytes_before
    taken.close()
    has_taken.close()
    per_ticker = 1e6 / job.ticks / job.tickers
    per_message = 1 / (job.ticks + 1) / job.tickers  # the one for warming up is sent, too
    return Cost(receiver_seconds * per_ticker, sender_seconds * per_ticker, sent * per_message)


def _bytes_to_redis() -> int:
    """All that anybody has sent to it: it should have no other customers."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        sent: int = client.info("stats")["total_net_input_bytes"]
        return sent


def receive(pipe: Pipe, job: Job, has_taken: Pipe) -> None:
    """Says when it has joined, and at last the CPU seconds that the ticks took."""
    django.setup()
    uvloop.run(_receive(pipe, job, has_taken))


async def _receive(pipe: Pipe, job: Job, has_taken: Pipe) -> None:
    way = job.way()
    await way.join(_tickers(job))
    pipe.send("joined")
    began = 0.0
    for tick in range(-1, job.ticks):  # the first is for warming up
        if tick == 0:
            began = time.process_time()
        left = job.tickers
        while left:
            left -= await way.receive()
        has_taken.send_bytes(b".")
    pipe.send(time.process_time() - began)


def send(pipe: Pipe, job: Job, taken: Pipe) -> None:
    """Told to begin, sends tick after tick; answers with the CPU seconds that took."""
    django.setup()
    from bench.fanin.messages import price_messages  # noqa: PLC0415  it imports models

    messages = price_messages(_tickers(job))
    pipe.recv()

    async def ticks() -> float:
        way = job.way()
        began = 0.0
        for tick in range(-1, job.ticks):
            if tick == 0:
                began = time.process_time()
            await way.send(messages)
            taken.recv_bytes()
        return time.process_time() - began

    pipe.send(asyncio.run(ticks()))


def _tickers(job: Job) -> list[str]:
    return [f"T{number:05d}" for number in range(job.tickers)]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tickers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)


def run(options: argparse.Namespace) -> list[Section]:
    """Each way at each size; the figure is the median of the rounds."""
    rows: list[tuple[str, ...]] = []
    costs: Costs = {}
    for tickers in options.tickers:
        for way in WAYS:
            print(f"fan-in: {tickers:,} tickers, {way.title} …", file=sys.stderr, flush=True)
            job = Job(way, tickers, max(1, way.messages // tickers))
            with scratch():
                measured = [measure(job) for _ in range(options.rounds)]
            figures = list(zip(*measured, strict=True))
            cpu = [_figure(rounds) for rounds in figures[:2]]
            rows.append((way.title, f"{tickers:,}", *cpu, f"{statistics.median(figures[2]):.0f}"))
            if way is Packed:  # the largest size is the last
                costs = {
                    "fan_in_us": round(statistics.median(figures[0]), 2),
                    "redis_publish_bytes_per_ticker": round(statistics.median(figures[2])),
                }
    title = "Fan-in: CPU µs per changed ticker"
    heads = [
        Headline(
            f"CPU µs per changed ticker and process, {tickers:,} tickers",
            row=first,
            column=2,
            beside=range(first + 1, first + len(WAYS)),
        )
        for first, tickers in zip(range(0, len(rows), len(WAYS)), options.tickers, strict=True)
    ]
    return [Section(title, _METHOD, _COLUMNS, rows, costs, heads)]


def _figure(rounds: Sequence[float]) -> str:
    low, high = min(rounds), max(rounds)
    return f"{statistics.median(rounds):.2f} ({low:.2f}-{high:.2f})"


_COLUMNS = ("way", "tickers", "receiving process", "sending process", "bytes to Redis")
_METHOD = """\
What a server process pays for a price before it has told anybody: a tick's messages come from Redis
and are handed to the one channel that joined the groups of all tickers, as the hub does. The next
tick is sent when the last one has arrived. Counted is each process's own CPU time; the figure is
the median of some rounds (lowest and highest in brackets), each in new processes. The messages are
real ones; what the hub does with them (its board) and what the frames cost is in the fan-out."""
