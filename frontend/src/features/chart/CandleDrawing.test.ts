import { type IChartApi, TickMarkType } from "lightweight-charts";
import { expect, test } from "vitest";

import { CandleDrawing } from "./CandleDrawing";
import { SECONDS } from "./intervals";
import { readTheme } from "./theme";

const series = { setData: () => undefined, applyOptions: () => undefined };
const chart = { addSeries: () => series } as unknown as IChartApi;
const theme = readTheme(document.body);
const MARCH_2 = Date.UTC(2026, 2, 2);

test.each([TickMarkType.DayOfMonth, TickMarkType.Time])("a day's candle is marked with its day: %i", (type) => {
  const days = new CandleDrawing(chart, theme, [], SECONDS["1d"]);
  expect(days.tickLabel(MARCH_2, type)).toMatch(/^\D*2\D*$/);
});

test("an hour's candle is marked with its time", () => {
  const hours = new CandleDrawing(chart, theme, [], SECONDS["1h"]);
  expect(hours.tickLabel(MARCH_2 + 30 * 60_000, TickMarkType.Time)).toMatch(/^\d\d:\d\d$/);
});
