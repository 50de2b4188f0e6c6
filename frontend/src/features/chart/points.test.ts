import { expect, test } from "vitest";

import { indexBefore, pointsOf } from "./points";

const at = (seconds: number, price = "1.00") => ({ at: seconds * 1000, price });

test("of several prices in one second the newest is drawn", () => {
  const points = pointsOf([at(1), { at: 1999, price: "2.00" }, at(3, "3.00")]);
  expect(points).toEqual([
    { time: 1, value: 2 },
    { time: 3, value: 3 },
  ]);
});

test("a price older than the one before it is left out: the chart takes no steps back", () => {
  expect(pointsOf([at(5), at(4), at(6)]).map(({ time }) => time)).toEqual([5, 6]);
});

test("a range starts where its first price is", () => {
  const points = pointsOf([0, 60, 120, 180, 240].map((seconds) => at(seconds)));
  expect(indexBefore(points, 2)).toBe(2);
  expect(indexBefore(points, 60)).toBe(0);
  expect(indexBefore(points, Infinity)).toBe(0);
  expect(indexBefore([], 5)).toBe(0);
});
