import { expect, test } from "vitest";

import { pointsOf, startOf } from "./points";

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

const everyTenSeconds = (count: number) =>
  pointsOf(Array.from({ length: count }, (_, index) => at(index * 10)));

test("a range starts where its first price is", () => {
  const points = everyTenSeconds(361);
  expect(startOf(points, 15)).toBe(270);
  expect(startOf(points, 60)).toBe(0);
  expect(startOf(points, Infinity)).toBe(0);
});

test("few points are not stretched: the range reaches to before the first", () => {
  expect(startOf(everyTenSeconds(361), 5)).toBe(301);
  expect(startOf(everyTenSeconds(3), 5)).toBe(-57);
  expect(startOf([], 5)).toBe(-60);
});
