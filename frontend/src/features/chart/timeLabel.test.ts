import { TickMarkType } from "lightweight-charts";
import { expect, test } from "vitest";

import { markLabel, momentLabel } from "./timeLabel";

const { DayOfMonth, Month, Time, TimeWithSeconds, Year } = TickMarkType;
const MARCH_2 = Date.UTC(2026, 2, 2);

test.each([DayOfMonth, Time])("a day's candle is marked with its day: %i", (type) => {
  expect(markLabel(MARCH_2, type, "1d")).toMatch(/^\D*2\D*$/);
  expect(momentLabel(MARCH_2, "1d")).not.toMatch(/:/);
});

test.each(["tick", "1h"] as const)("marks within a day say the time, of ticks with seconds where they lie so close: %s", (of) => {
  const at = new Date(2026, 2, 2, 14, 46, 30).getTime();
  expect(markLabel(at, Time, of)).toBe("14:46");
  expect(markLabel(at, TimeWithSeconds, of)).toBe(of === "tick" ? "14:46:30" : "14:46");
  expect(momentLabel(at, of)).toContain("14:46:30");
});

test.each(["tick", "1h", "1d"] as const)("the first mark of a day, month or year names it: %s", (of) => {
  const at = of === "1d" ? MARCH_2 : new Date(2026, 2, 2).getTime();
  expect(markLabel(at, DayOfMonth, of)).toMatch(/\b2\b/);
  expect(markLabel(at, Month, of)).toBe("Mar");
  expect(markLabel(at, Year, of)).toBe("2026");
});
