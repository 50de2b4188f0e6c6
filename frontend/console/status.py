"""How fresh the prices are, honestly."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Name = Literal["connecting", "live", "delayed", "reconnecting", "stale"]


@dataclass(frozen=True, slots=True)
class Status:
    """Times are in seconds since 1970.

    `since` is when prices were last known to be true, of a connection that is not live, or
    since when their source has been in trouble; `retry_at` when it is tried again.
    """

    name: Name
    since: float | None = None
    retry_at: float | None = None
    reason: str = ""

    def sentence(self) -> str:
        match self.name:
            case "live":
                return "live"
            case "connecting":
                return f"connecting{self._age()}"
            case "delayed":
                return f"delayed since {local_time(self.since)}: the source of prices is in trouble"
            case "stale":
                return f"stale since {local_time(self.since)}: connected, but the feed is silent"
            case "reconnecting":
                left = max(0.0, (self.retry_at or 0.0) - time.time())
                return f"reconnecting in {left:.0f} s: {self.reason}{self._age()}"

    def _age(self) -> str:
        return "" if self.since is None else f"; prices are of {local_time(self.since)}"


def local_time(seconds: float | None) -> str:
    """The time of day here; with the date if it was another day."""
    if seconds is None:
        return ""
    then, today = datetime.fromtimestamp(seconds).astimezone(), datetime.now().astimezone()
    return then.strftime("%H:%M:%S" if then.date() == today.date() else "%Y-%m-%d %H:%M:%S")
