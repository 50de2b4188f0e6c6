"""The hub's rounds, and in which of them a socket has its turn to get its regular heartbeat."""

import time

from pricefeed.delivery.protocol import HEARTBEAT_SECONDS

ROUND_SECONDS = 1.0

TURNS = HEARTBEAT_SECONDS - 1
"""Rounds until it is the same socket's turn again; a round may come a second late."""


def round_now() -> int:
    """The rounds there could have been until now: of those that were late, none is left out."""
    return int(time.monotonic() / ROUND_SECONDS)


def turn_of_newcomer() -> int:
    """The one that has just been: who has its snapshot needs no heartbeat."""
    return (round_now() - 1) % TURNS
