"""Python's garbage collector, in programs that make and drop objects by the thousand."""

import gc


def collect_seldom() -> None:
    """A tick, or a batch of them, is such objects beside very many that stay.

    At Python's thresholds the collector would be looking through those all the time.
    So it comes seldom, and to old objects hardly ever: what is dropped must not know itself in
    a circle (sockets are tested for it). Processes that are forked afterwards inherit it.
    """
    gc.set_threshold(50_000, 20, 100)
