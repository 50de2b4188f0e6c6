import { expect, test } from "vitest";

import { sparkPath } from "./sparkPath";
import { Trail } from "./trail";

const point = (sequence: number) => ({ at: sequence * 1000, price: `${sequence}.00`, sequence });
const valuesOf = (trail: Trail): number[] =>
  Array.from({ length: trail.length }, (_, index) => trail.at(index));

test("history goes in front of what was received, without repeating it", () => {
  const trail = new Trail(10);
  trail.push("4.00", 4);
  trail.push("5.00", 5);
  trail.prepend([1, 2, 3, 4, 5].map(point));
  expect(valuesOf(trail)).toEqual([1, 2, 3, 4, 5]);
});

test("history never pushes out what was received", () => {
  const trail = new Trail(3);
  trail.push("4.00", 4);
  trail.push("5.00", 5);
  trail.prepend([1, 2, 3].map(point));
  expect(valuesOf(trail)).toEqual([3, 4, 5]);
  trail.push("6.00", 6);
  expect(valuesOf(trail)).toEqual([4, 5, 6]);
});

test("a sparkline spans its box, high prices on top", () => {
  const trail = new Trail(10);
  trail.push("1.00", 1);
  expect(sparkPath(trail, { width: 100, height: 30, inset: 5 })).toBeNull();
  trail.push("3.00", 2);
  trail.push("2.00", 3);
  expect(sparkPath(trail, { width: 100, height: 30, inset: 5 })).toEqual({
    line: "M5.0 25.0L50.0 5.0L95.0 15.0",
    endX: 95,
    endY: 15,
  });
});

test("prices that do not move draw a line in the middle", () => {
  const trail = new Trail(10);
  trail.push("2.00", 1);
  trail.push("2.00", 2);
  expect(sparkPath(trail, { width: 100, height: 30, inset: 5 })?.line).toBe("M5.0 15.0L95.0 15.0");
});
