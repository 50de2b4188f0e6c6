"""The hub's rounds: by which of them a socket gets its heartbeat, and in which it is pinged."""

import time
from random import randrange

from pricefeed.delivery.protocol import HEARTBEAT_SECONDS

ROUND_SECONDS = 1.0

HEARTBEAT_ROUNDS = HEARTBEAT_SECONDS - 2
"""When the next heartbeat is due: rounds leave out fractions, and one may be late."""

EARLY_ROUNDS = HEARTBEAT_ROUNDS // 3
"""So much sooner a heartbeat goes along with prices, where it costs hardly anything."""

PING_ROUNDS = 90
"""From one ping to the next. Its answer alone costs more than a heartbeat that goes along."""


def round_now() -> int:
    """Counted by the clock: those that did not come in time count, too."""
    return int(time.monotonic() / ROUND_SECONDS)


def newcomers_heartbeat() -> int:
    """By when: who has its snapshot needs none before."""
    return round_now() + HEARTBEAT_ROUNDS


def newcomers_ping() -> int:
    """In which round, after the first heartbeat, at random: else all who came at once would
    answer at once, for ever.
    """
    return newcomers_heartbeat() + randrange(PING_ROUNDS)  # noqa: S311
