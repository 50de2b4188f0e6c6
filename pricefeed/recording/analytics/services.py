"""Analytics of what is being committed, in its transaction."""

from datetime import UTC, datetime, time

import numpy as np

from pricefeed.models import Anomaly
from pricefeed.partitions import TICKS
from pricefeed.recording.analytics.anomalies import begin_anomalies
from pricefeed.recording.analytics.kept import read_kept, write_kept
from pricefeed.recording.analytics.reread import states_of, surroundings
from pricefeed.recording.analytics.rules import Rules
from pricefeed.recording.analytics.spikes import find_spikes
from pricefeed.recording.written import Written


def analyse(ticks: Written, *, after: int) -> int:
    """Take new ticks into the statistics, and write the anomalies they show; how many those are.

    Call it with the counter locked, when the ticks are in the history and before they
    join the candles; `after` is the number of the newest tick before them. Works without
    Redis, and then reads more from Postgres.
    """
    if not len(ticks):
        return 0
    rules = Rules.configured()
    securities = np.unique(ticks.security)
    kept = read_kept(securities)
    states = states_of(securities, kept, upto=after, window=rules.window)
    is_late = states.is_late(ticks, window=rules.window)
    states, series = states.with_ticks(ticks, is_due=~is_late)
    spikes = find_spikes(series, rules)
    if is_late.any():
        around = surroundings(ticks.where(is_late), window=rules.window)
        spikes = spikes.and_those(find_spikes(around, rules))
    write_kept(securities, states.pack(window=rules.window), was=kept)
    return begin_anomalies(spikes, rules)


def trim_anomalies() -> int:
    """Delete those of days that are not in the history any more; how many they were."""
    first_kept = datetime.combine(TICKS.first_day_kept(), time(), UTC)
    deleted, _ = Anomaly.objects.filter(at__lt=first_kept).delete()
    return deleted
