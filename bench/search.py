"""How fast is search at 50,000 securities? The measurements are in bench.search_run."""

import argparse
import random
import sys

import django

from bench.process import Pipe, Worker
from bench.scratch import scratch
from bench.section import Section


def add_options(parser: argparse.ArgumentParser) -> None:
    """None: its sizes belong to its question."""


def run(options: argparse.Namespace) -> list[Section]:
    """In a process of its own, which sets Django up for the scratch database."""
    print("search …", file=sys.stderr, flush=True)
    with scratch(), Worker(_measure) as worker:
        section: Section = worker.hear()
        return [section]


def _measure(pipe: Pipe) -> None:
    random.seed(7)
    django.setup()
    from bench import search_run  # noqa: PLC0415  it imports models

    pipe.send(search_run.measure())
