"""Statistics and spikes, kept up tick by tick.

*Statistics* of a security are the count, the lowest and the highest price of all ticks
ever recorded, and the average of its last 64 prices by their own time (`at`, then
`sequence`). They are exact.

A tick *spikes* up when its price is more than ANOMALY_THRESHOLD_PERCENT above the
lowest, and down when it is more than that below the highest price of the ticks before
it (by `at`, then `sequence`) that are at most ANOMALY_WINDOW_MS older. That is a
property of the finished series: a late tick is compared with what was before it, and
those within a window after it are looked at once more.

One jump of a price is one *anomaly*, however many ticks see it; all who do lie within
one window. So a spiking tick belongs to the anomaly of its direction that is at most a
window away, before or after; where there is none it begins one, and they are gone
through in order of time within each commit. Whatever the order in which ticks came:
each spiking tick is within a window of an anomaly of its direction, each anomaly is at
a spiking tick, and no two of a direction are within a window of each other.

How it is built. `states` is what must be known of the past, `series` that and new
ticks in order, `spikes` finds what spikes there, `anomalies` what begins with it. The
states of a batch's securities come from Redis (`kept`) or, where that copy is not the
committed one, from Postgres (`reread`). `services` puts it together.
"""
