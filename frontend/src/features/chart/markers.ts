import type { SeriesMarker, UTCTimestamp } from "lightweight-charts";

import { formatPercent } from "@/shared/format/decimal";
import type { Anomaly } from "@/shared/protocol/frames";

import { barStart } from "./bars";
import type { Theme } from "./theme";

export type Marker = SeriesMarker<UTCTimestamp>;

/**
 * An arrow for each bar and direction in which a price jumped, below the bar where it rose: arrow,
 * sign and colour say the same. What is older than the first bar is not drawn. Only the newest has
 * words: those of neighbours would lie upon each other.
 */
export function markersOf(
  anomalies: readonly Anomaly[],
  bars: { seconds: number; first: number },
  colors: Theme["lines"],
): Marker[] {
  const byPlace = new Map<string, { time: UTCTimestamp; anomaly: Anomaly; count: number }>();
  for (const anomaly of anomalies) {
    const time = barStart(anomaly.at, bars.seconds);
    if (time < bars.first) continue;
    const place = `${time} ${anomaly.direction}`;
    const there = byPlace.get(place);
    const isLarger = there === undefined || sizeOf(anomaly) > sizeOf(there.anomaly);
    const shown = isLarger ? anomaly : there.anomaly;
    byPlace.set(place, { time, anomaly: shown, count: (there?.count ?? 0) + 1 });
  }
  const places = [...byPlace.values()].sort((one, other) => one.time - other.time);
  return places.map(({ time, anomaly: { direction, pct_change: change }, count }, index) => ({
    time,
    position: direction === "up" ? "belowBar" : "aboveBar",
    shape: direction === "up" ? "arrowUp" : "arrowDown",
    color: colors[direction],
    ...(index === places.length - 1
      ? { text: formatPercent(change) + (count > 1 ? ` (${count})` : "") }
      : {}),
  }));
}

/** The one of the latest price: what was found last may have been seen by a price that came late. */
export function latestOf(anomalies: readonly Anomaly[]): Anomaly | undefined {
  return anomalies.reduce<Anomaly | undefined>(
    (latest, each) => (latest !== undefined && latest.at > each.at ? latest : each),
    undefined,
  );
}

const sizeOf = ({ pct_change: change }: Anomaly): number => Math.abs(Number(change));
