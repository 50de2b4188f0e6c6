import { expect, test } from "vitest";

import type { Anomaly } from "@/shared/protocol/frames";

import { latestOf, markersOf } from "./markers";

const COLORS = { up: "green", down: "red", flat: "grey" };

function jump(id: number, ms: number, change = "3.00"): Anomaly {
  const direction = change.startsWith("-") ? "down" : "up";
  return { id, ticker: "A", direction, at: ms, price: "1.00", reference: "1.00", pct_change: change };
}

test("a rise is an arrow up below its second, a fall one down above it, in order of time", () => {
  const found = [jump(1, 7_900), jump(2, 5_100, "-2.50")];
  expect(markersOf(found, { seconds: 1, first: 0 }, COLORS)).toEqual([
    { time: 5, position: "aboveBar", shape: "arrowDown", color: "red" },
    { time: 7, position: "belowBar", shape: "arrowUp", color: "green", text: "+3.00%" },
  ]);
});

test("those of one candle and direction share an arrow, which names the largest and how many", () => {
  const found = [jump(1, 1_000, "-3.00"), jump(2, 61_000, "2.10"), jump(3, 119_999, "10.00"), jump(4, 63_000)];
  const markers = markersOf(found, { seconds: 60, first: 0 }, COLORS);
  expect(markers.map(({ time, text }) => [time, text])).toEqual([
    [0, undefined],
    [60, "+10.00% (3)"],
  ]);
});

test("what is older than the first bar is not drawn at it", () => {
  const found = [jump(1, 59_000), jump(2, 61_000)];
  expect(markersOf(found, { seconds: 60, first: 60 }, COLORS).map(({ time }) => time)).toEqual([60]);
});

test("the last jump is that of the latest price, not the one that was found last", () => {
  expect(latestOf([jump(1, 9_000), jump(2, 3_000)])?.id).toBe(1);
  expect(latestOf([])).toBeUndefined();
});
