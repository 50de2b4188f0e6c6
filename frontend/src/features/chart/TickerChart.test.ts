import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Candle } from "@/shared/api/types";
import type { LivePrice } from "@/shared/prices/priceStore";
import { quote } from "@/testing/make";

import { TickerChart } from "./TickerChart";
import type { Recorded } from "./useHistory";

const library = vi.hoisted(() => {
  type Options = { priceFormat?: { precision: number } };
  const series = { setData: vi.fn(), update: vi.fn(), applyOptions: vi.fn<(_: Options) => void>() };
  type Range = { from: number; to: number };
  const timeScale = { setVisibleLogicalRange: vi.fn<(_: Range) => void>(), applyOptions: vi.fn() };
  const chart = {
    addSeries: () => series,
    removeSeries: () => undefined,
    timeScale: () => timeScale,
    remove: () => undefined,
  };
  return { series, timeScale, chart };
});

vi.mock("lightweight-charts", async (original) => ({
  ...(await original<object>()),
  createChart: () => library.chart,
  createSeriesMarkers: () => ({ setMarkers: () => undefined }),
}));

const ticks = (...prices: string[]): Recorded => ({
  interval: "tick",
  prices: prices.map((price, index) => ({ at: (index + 1) * 1000, price, sequence: index + 1 })),
});
const live = (price: string, at = 60_000): LivePrice => ({
  ...quote("KO", price, 1),
  previous_close: null,
  updated_at: at,
  moved: null,
});
const candle = { at: 0, open: "1.00", high: "1.00", low: "1.00", close: "1.00", count: 1 };
const candles = (interval: "1h" | "1d", ...prices: Candle[]): Recorded => ({ interval, prices });

const WIDTH = 400;

let chart: TickerChart;

const decimals = (): number | undefined =>
  library.series.applyOptions.mock.calls.findLast(([options]) => options.priceFormat)?.[0].priceFormat
    ?.precision;
const zooms = (): number => library.timeScale.setVisibleLogicalRange.mock.calls.length;

beforeEach(() => {
  vi.clearAllMocks();
  const element = document.createElement("div");
  vi.spyOn(element, "clientWidth", "get").mockReturnValue(WIDTH);
  chart = new TickerChart(element);
  chart.zoomTo(15);
});

afterEach(() => chart.destroy());

test("what is read anew is looked at from where the reader is", () => {
  chart.show("KO", ticks("1.00"));
  expect(zooms()).toBe(1);
  chart.show("KO", ticks("1.00", "1.10"));
  expect(zooms()).toBe(1);
});

test("another ticker, interval or range is looked at from its newest price", () => {
  chart.show("KO", ticks("1.00"));
  chart.show("AAPL", ticks("1.00"));
  chart.show("AAPL", candles("1h", candle));
  chart.zoomTo(5);
  expect(zooms()).toBe(4);
});

test.each([ticks(), candles("1d")])("where nothing is recorded the first price is drawn", (nothing) => {
  chart.show("NEW", nothing);
  chart.moved(live("5.00"), "flat");
  expect(library.series.update).toHaveBeenCalledOnce();
});

test("with another interval the library forgets the labels of the one before", () => {
  chart.show("KO", candles("1d", candle));
  library.timeScale.applyOptions.mockClear();
  chart.show("KO", candles("1h", candle));
  expect(library.timeScale.applyOptions).toHaveBeenCalled();
});

test.each([ticks("0.1234", "0.12"), candles("1d", { ...candle, low: "0.1234" })])(
  "the price axis has the decimals of the price with the most, and loses none",
  (recorded) => {
    chart.show("KO", recorded);
    expect(decimals()).toBe(4);
    chart.moved(live("0.13"), "flat");
    expect(decimals()).toBe(4);
    chart.moved(live("0.12345"), "flat");
    expect(decimals()).toBe(5);
    chart.show("KO", recorded);
    expect(decimals()).toBe(5);
    chart.show("AAPL", ticks("187.30"));
    expect(decimals()).toBe(2);
  },
);

test.each([
  [1000, ticks(...Array<string>(1000).fill("1.00"))],
  [1, candles("1d", candle)],
])("to the right of the newest price there is room for its time, of %i bars as well", (count, recorded) => {
  chart.zoomTo(Infinity);
  chart.show("KO", recorded);
  const { from, to } = library.timeScale.setVisibleLogicalRange.mock.lastCall![0];
  const pixelsPerBar = WIDTH / (to - from + 1);
  expect((to - (count - 1)) * pixelsPerBar).toBeCloseTo(36);
});
