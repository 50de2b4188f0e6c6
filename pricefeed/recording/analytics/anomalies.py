"""Spikes become anomalies: one for all ticks that see the same jump."""

from bisect import bisect_right

import numpy as np
from django.db import connection
from django.db.models import F

from pricefeed.columns import Column, moment_of
from pricefeed.models import Feed
from pricefeed.recording.analytics.reread import ranges_around
from pricefeed.recording.analytics.rules import Rules
from pricefeed.recording.analytics.series import clock
from pricefeed.recording.analytics.spikes import Spikes
from pricefeed.recording.binary import bigint_array, execute, numeric_array, timestamptz_array

_BEGIN = """
INSERT INTO pricefeed_anomaly (security_id, direction, at, price, reference)
SELECT security_id, CASE is_up WHEN 1 THEN 'up' ELSE 'down' END, at, price, reference
  FROM unnest(%b::bigint[], %b::bigint[], %b::timestamptz[], %b::numeric[], %b::numeric[])
       AS spike (security_id, is_up, at, price, reference)
"""

_STANDING = """
SELECT anomaly.security_id, (anomaly.direction = 'up')::int,
       (extract(epoch FROM anomaly.at) * 1000000)::bigint
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wanted (id, low, high)
 CROSS JOIN LATERAL (
       SELECT *
         FROM pricefeed_anomaly
        WHERE security_id = wanted.id AND at BETWEEN wanted.low AND wanted.high
       OFFSET 0
       ) AS anomaly
"""


def begin_anomalies(spikes: Spikes, rules: Rules) -> int:
    """Write the anomalies that begin with these spikes, in order of time; how many they are."""
    if not len(spikes):
        return 0
    beginning = spikes.where(_beginning(spikes, _standing(spikes, rules), rules))
    if len(beginning):
        _write(beginning.where(np.argsort(beginning.at, kind="stable")))
        _count(beginning)
    return len(beginning)


def _write(anomalies: Spikes) -> None:
    columns = [
        bigint_array(anomalies.security),
        bigint_array(anomalies.is_up.astype(np.int64)),
        timestamptz_array(anomalies.at),
        numeric_array(anomalies.price),
        numeric_array(anomalies.reference),
    ]
    execute(_BEGIN, columns)


def _count(anomalies: Spikes) -> None:
    """For `/metrics`: the rows go with their days. The counter's row is locked by us."""
    ups = int(anomalies.is_up.sum())
    Feed.objects.update(
        anomalies_up=F("anomalies_up") + ups,
        anomalies_down=F("anomalies_down") + len(anomalies) - ups,
    )


def _standing(spikes: Spikes, rules: Rules) -> Column:
    """The anomalies within a window of these: rows of security, whether up, time. One query."""
    security, low, high = ranges_around(spikes.security, spikes.at, window=rules.window)
    moments = ([moment_of(each) for each in column.tolist()] for column in (low, high))
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [security.tolist(), *moments])
        return np.array(cursor.fetchall(), np.int64).reshape(-1, 3)


def _beginning(spikes: Spikes, standing: Column, rules: Rules) -> Column:
    """The places of the spikes that no anomaly, standing or begun before them, is near to."""
    new = np.column_stack((spikes.security, spikes.is_up, spikes.at))
    rows: Column = np.concatenate((new, standing), dtype=np.int64)
    order = np.lexsort(rows.T[::-1])
    rows, is_standing = rows[order], order >= len(spikes)
    of = rows[:, :2]
    starts = np.flatnonzero(np.append(True, (of[1:] != of[:-1]).any(axis=1)))
    moments = clock(rows[:, 2], starts, window=rules.window)
    stood = moments[is_standing]
    nearest = np.searchsorted(stood, moments - rules.window)
    is_near = np.append(stood, 2**62)[nearest] <= moments + rules.window
    alone = np.flatnonzero(~is_near)
    return order[alone[_first_of_each(moments[alone].tolist(), rules.window)]]


def _first_of_each(moments: list[int], window: int) -> list[int]:
    """Places in a sorted list: the first, then each time the first more than a window later."""
    places, place = [], 0
    while place < len(moments):
        places.append(place)
        place = bisect_right(moments, moments[place] + window, lo=place)
    return places
