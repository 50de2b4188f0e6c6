import type { LineData, UTCTimestamp } from "lightweight-charts";

import { barStart } from "./bars";

/** A price in the chart's own form: whole seconds and numbers. */
export type Point = LineData<UTCTimestamp>;

export const pointOf = (at: number, price: string): Point => ({
  time: barStart(at, 1),
  value: Number(price),
});

/** One point a second, oldest first; of several in one second the newest stays. */
export function pointsOf(history: readonly { at: number; price: string }[]): Point[] {
  const points: Point[] = [];
  for (const { at, price } of history) {
    const point = pointOf(at, price);
    const last = points.at(-1);
    if (last === undefined || point.time > last.time) points.push(point);
    else if (point.time === last.time) points[points.length - 1] = point;
  }
  return points;
}

/** Fewer points than this keep to the right instead of being stretched over the whole width. */
const AT_LEAST_SHOWN = 60;

/** Where a range of minutes begins, as the chart counts its points; the newest ends it. */
export function startOf(points: readonly Point[], minutes: number): number {
  const from = (points.at(-1)?.time ?? 0) - minutes * 60;
  const index = Math.max(0, points.findIndex(({ time }) => time >= from));
  return Math.min(index, points.length - AT_LEAST_SHOWN);
}
