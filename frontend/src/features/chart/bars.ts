import type { CandlestickData, UTCTimestamp } from "lightweight-charts";

import type { Candle } from "@/shared/api/types";

/** A candle in the chart's own form: whole seconds and numbers. */
export type Bar = CandlestickData<UTCTimestamp>;

/** When the bar of so many seconds begins in which a moment lies, in the chart's whole seconds. */
export const barStart = (ms: number, seconds: number): UTCTimestamp =>
  (Math.floor(ms / 1000 / seconds) * seconds) as UTCTimestamp;

export const barOf = ({ at, open, high, low, close }: Candle): Bar => ({
  time: (at / 1000) as UTCTimestamp,
  open: Number(open),
  high: Number(high),
  low: Number(low),
  close: Number(close),
});

/**
 * The newest bar after a price that arrived: the same one moved, or the next one. Null for a price
 * of an older bar, which says nothing of the newest.
 */
export function barAfter(
  last: Bar | undefined,
  { at, price }: { at: number; price: string },
  seconds: number,
): Bar | null {
  const value = Number(price);
  const time = barStart(at, seconds);
  if (last === undefined || time > last.time) {
    return { time, open: value, high: value, low: value, close: value };
  }
  if (time < last.time) return null;
  return {
    ...last,
    high: Math.max(last.high, value),
    low: Math.min(last.low, value),
    close: value,
  };
}
