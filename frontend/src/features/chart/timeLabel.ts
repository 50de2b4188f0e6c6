import { TickMarkType } from "lightweight-charts";

import type { HistoryInterval } from "@/shared/api/types";
import {
  formatClock,
  formatDate,
  formatDay,
  formatMinute,
  formatMonth,
  formatStamp,
  formatYear,
} from "@/shared/format/time";

/** What a mark of the time axis says: only what changed since the mark before, as the chart sees it. */
export function markLabel(ms: number, type: TickMarkType, interval: HistoryInterval): string {
  const zone = zoneOf(interval);
  if (type === TickMarkType.Year) return formatYear(ms, zone);
  if (type === TickMarkType.Month) return formatMonth(ms, zone);
  if (type === TickMarkType.DayOfMonth || interval === "1d") return formatDay(ms, zone);
  // Of a single candle, too, the chart says that it begins a second.
  const hasSeconds = type === TickMarkType.TimeWithSeconds && interval === "tick";
  return hasSeconds ? formatClock(ms) : formatMinute(ms);
}

/** The whole of a moment, where the reader points. */
export function momentLabel(ms: number, interval: HistoryInterval): string {
  return interval === "1d" ? formatDate(ms, zoneOf(interval)) : formatStamp(ms);
}

/** A day's candle is of a day in UTC, whatever the reader's own day is. */
const zoneOf = (interval: HistoryInterval) => (interval === "1d" ? "UTC" : undefined);
