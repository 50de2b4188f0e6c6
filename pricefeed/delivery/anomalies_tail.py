"""The end of the log of anomalies, kept in memory: what nearly every socket needs, and no more.

Whoever keeps up, or was away for a short time, is served from here; Postgres is asked for
what is older.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from pricefeed.delivery.anomalies_wire import WireAnomaly, anomalies_frame

TAIL_LENGTH = 2000
PAGE_LENGTH = 100
"""Anomalies in a frame: some 15 KB, about what may wait for a socket."""

_MOST_FRAMES_KEPT = 64


class Page(NamedTuple):
    """A frame, or None where nothing in it concerns the socket, and the id that it leads up to."""

    text: str | None
    position: int


def page_of(found: Sequence[WireAnomaly], *, upto: int) -> Page:
    """The page that these fill, or with which everything up to `upto` has been told."""
    text = anomalies_frame(found) if found else None
    if len(found) == PAGE_LENGTH:
        return Page(text, found[-1].id)
    return Page(text, max(upto, found[-1].id) if found else upto)


class Tail:
    """Every anomaly with an id after `begins_after` and up to `last`."""

    def __init__(self, newest: Sequence[WireAnomaly]) -> None:
        """Begin with the TAIL_LENGTH newest, oldest first; fewer means that these are all."""
        self._anomalies = list(newest)
        self._ids = [each.id for each in newest]
        self._frames: dict[tuple[int, int | None], Page] = {}
        self.begins_after = self._ids[0] - 1 if len(newest) >= TAIL_LENGTH else 0
        self.last = self._ids[-1] if newest else 0

    def extend(self, found: Sequence[WireAnomaly]) -> None:
        """Add those that follow on `last`; forget the oldest where there are too many."""
        self._anomalies += found
        self._ids += [each.id for each in found]
        self.last = self._ids[-1]
        self._frames.clear()
        if len(self._ids) > 2 * TAIL_LENGTH:  # seldom, since it moves everything
            self.begins_after = self._ids[-TAIL_LENGTH - 1]
            del self._ids[:-TAIL_LENGTH], self._anomalies[:-TAIL_LENGTH]

    def page(self, position: int, security_id: int | None) -> Page:
        """What follows on a position that is not before `begins_after`: of one security or of all.

        Sockets that keep up ask for the same; that frame is made once.
        """
        asked = (position, security_id)
        if asked not in self._frames:
            if len(self._frames) >= _MOST_FRAMES_KEPT:
                self._frames.clear()
            self._frames[asked] = page_of(self._next(*asked), upto=self.last)
        return self._frames[asked]

    def _next(self, position: int, security_id: int | None) -> list[WireAnomaly]:
        start = bisect_right(self._ids, position)
        if security_id is None:
            return self._anomalies[start : start + PAGE_LENGTH]
        rest = self._anomalies[start:]
        return [each for each in rest if each.security_id == security_id][:PAGE_LENGTH]
