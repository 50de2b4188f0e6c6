import type { LineData, UTCTimestamp } from "lightweight-charts";

/** The chart's own form: whole seconds and numbers. The only place where prices become numbers. */
export type Point = LineData<UTCTimestamp>;

export const pointOf = (at: number, price: string): Point => ({
  time: Math.floor(at / 1000) as UTCTimestamp,
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

/** Which points a range of minutes shows, as the chart counts them. */
export function indexBefore(points: readonly Point[], minutes: number): number {
  const last = points.at(-1);
  if (last === undefined || !Number.isFinite(minutes)) return 0;
  const index = points.findIndex(({ time }) => time >= last.time - minutes * 60);
  return Math.max(0, index);
}
