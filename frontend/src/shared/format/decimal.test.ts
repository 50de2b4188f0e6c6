import { describe, expect, test } from "vitest";

import { decimalsOf, directionOf, formatDecimal, formatPercent, formatSigned } from "./decimal";

describe("formatDecimal", () => {
  test.each([
    ["187.3", "187.30"],
    ["1234567.89", "1,234,567.89"],
    ["0.00012345", "0.00012345"],
    ["5", "5.00"],
    ["-1000.5", "−1,000.50"],
    // A float would show 9007199254740993.12 as …992.00.
    ["9007199254740993.12", "9,007,199,254,740,993.12"],
  ])("shows %s as %s", (text, shown) => {
    expect(formatDecimal(text)).toBe(shown);
  });

  test("leaves alone what is no decimal", () => {
    expect(formatDecimal("n/a")).toBe("n/a");
  });
});

test.each([
  ["4.5", "+4.50"],
  ["-1.25", "−1.25"],
  ["0.00", "0.00"],
  ["-0.00", "0.00"],
])("the change %s carries its sign: %s", (text, shown) => {
  expect(formatSigned(text)).toBe(shown);
  expect(formatPercent(text)).toBe(`${shown}%`);
});

test("a change of zero has no direction, whatever its sign", () => {
  expect(["0", "-0.00", "0.01", "-0.01"].map(directionOf)).toEqual(["flat", "flat", "up", "down"]);
});

test("the chart gets as many decimals as the price has, at least two", () => {
  expect(["5", "5.1", "0.1234"].map(decimalsOf)).toEqual([2, 2, 4]);
});
