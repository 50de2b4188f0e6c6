import type { Trail } from "./trail";

export type SparkBox = { width: number; height: number; inset: number };

/** An SVG path through the trail, newest at the right edge, and where it ends. */
export function sparkPath(
  trail: Trail,
  { width, height, inset }: SparkBox,
): { line: string; endX: number; endY: number } | null {
  const count = trail.length;
  if (count < 2) return null;
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < count; index += 1) {
    low = Math.min(low, trail.at(index));
    high = Math.max(high, trail.at(index));
  }
  const stepX = (width - 2 * inset) / (count - 1);
  const scaleY = high > low ? (height - 2 * inset) / (high - low) : 0;
  const y = (value: number): number =>
    scaleY === 0 ? height / 2 : height - inset - (value - low) * scaleY;
  const points: string[] = [];
  for (let index = 0; index < count; index += 1) {
    points.push(`${(inset + index * stepX).toFixed(1)} ${y(trail.at(index)).toFixed(1)}`);
  }
  return { line: `M${points.join("L")}`, endX: width - inset, endY: y(trail.at(count - 1)) };
}
