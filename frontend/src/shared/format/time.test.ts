import { expect, test } from "vitest";

import { formatClock, formatStamp } from "./time";

test("a moment is told by the same clock wherever it stands", () => {
  const evening = new Date(2026, 0, 5, 21, 4, 5).getTime();
  expect(formatClock(evening)).toBe("21:04:05");
  expect(formatStamp(evening)).toContain("21:04:05");
});
