import { beforeEach, expect, test, vi } from "vitest";

import { parseFrame } from "./parse";

const warn = vi.fn();

beforeEach(() => {
  warn.mockClear();
  vi.spyOn(console, "warn").mockImplementation(warn);
});

const parse = (frame: unknown) => parseFrame(JSON.stringify(frame));

const AAPL = {
  ticker: "AAPL",
  price: "187.40",
  abs_change: "4.58",
  pct_change: "2.51",
  updated_at: 1770033606123,
  sequence: 5140,
};

test("reads the frames of the protocol", () => {
  expect(parse({ type: "welcome", protocol: 1, epoch: "e", heartbeat: 25 })).toEqual({
    type: "welcome",
    protocol: 1,
    epoch: "e",
    heartbeat: 25,
  });
  expect(parse({ type: "prices", sequence: 5140, quotes: [AAPL] })).toEqual({
    type: "prices",
    sequence: 5140,
    quotes: [AAPL],
  });
  const added = { ...AAPL, name: "Apple Inc.", currency: "USD", previous_close: "182.82" };
  const edit = { epoch: "e2", tickers: ["AAPL"], added: [added], removed: ["MSFT"] };
  expect(parse({ type: "watchlist", ...edit })).toEqual({ type: "watchlist", ...edit });
  expect(warn).not.toHaveBeenCalled();
});

test("a whole snapshot names the list by its quotes, a resumed one by its tickers", () => {
  const whole = parse({ type: "snapshot", sequence: 1, quotes: [AAPL] });
  const resumed = parse({ type: "snapshot", sequence: 1, tickers: ["AAPL", "KO"], quotes: [] });
  expect(whole).toMatchObject({ tickers: ["AAPL"] });
  expect(resumed).toMatchObject({ tickers: ["AAPL", "KO"], quotes: [] });
});

test("a security without a price yet is a quote of nulls", () => {
  const bare = { ...AAPL, price: null, abs_change: null, pct_change: null, updated_at: null };
  expect(parse({ type: "prices", quotes: [bare] })).toMatchObject({ quotes: [bare] });
});

test("ignores unknown fields, and unknown types with a warning", () => {
  expect(parse({ type: "pong", extra: 1 })).toEqual({ type: "pong" });
  expect(warn).not.toHaveBeenCalled();
  expect(parse({ type: "dividend" })).toBeNull();
  expect(parse({ type: "toString" })).toBeNull();
  expect(warn).toHaveBeenCalledTimes(2);
});

test.each([
  ["not JSON", "{"],
  ["binary", new ArrayBuffer(2)],
  ["a list", "[]"],
  ["no type", "{}"],
  ["a price as a number", JSON.stringify({ type: "prices", quotes: [{ ...AAPL, price: 187.4 }] })],
  ["a price in words", JSON.stringify({ type: "prices", quotes: [{ ...AAPL, price: "1e3" }] })],
  ["no quotes", JSON.stringify({ type: "snapshot", sequence: 1 })],
  ["a heartbeat of nothing", JSON.stringify({ type: "welcome", protocol: 1, epoch: "", heartbeat: 0 })],
])("a broken frame is dropped with a warning: %s", (_, data) => {
  expect(parseFrame(data)).toBeNull();
  expect(warn).toHaveBeenCalledOnce();
});
