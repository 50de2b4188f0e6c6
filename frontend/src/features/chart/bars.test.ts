import { expect, test } from "vitest";

import { type Bar, barAfter, barOf } from "./bars";

const MINUTE = 60_000;
const bar = (time: number, open: number, high: number, low: number, close: number) =>
  ({ time, open, high, low, close }) as Bar;

test("a price of an older bar leaves the newest alone", () => {
  const last = bar(120, 5, 6, 4, 5);
  expect(barAfter(last, { at: 2 * MINUTE - 1, price: "9" }, 60)).toBeNull();
});

test("a price moves the newest bar: close always, high and low where it is beyond", () => {
  const last = bar(120, 5, 6, 4, 5);
  const at = 3 * MINUTE - 1;
  expect(barAfter(last, { at, price: "5.5" }, 60)).toEqual(bar(120, 5, 6, 4, 5.5));
  expect(barAfter(last, { at, price: "7" }, 60)).toEqual(bar(120, 5, 7, 4, 7));
  expect(barAfter(last, { at, price: "3" }, 60)).toEqual(bar(120, 5, 6, 3, 3));
});

test("with the first price of the next interval the next bar begins, gaps or not", () => {
  const last = bar(120, 5, 6, 4, 5);
  expect(barAfter(last, { at: 3 * MINUTE, price: "8" }, 60)).toEqual(bar(180, 8, 8, 8, 8));
  expect(barAfter(last, { at: 60 * MINUTE, price: "8" }, 60)).toEqual(bar(3600, 8, 8, 8, 8));
  expect(barAfter(undefined, { at: 90_000, price: "8" }, 60)).toEqual(bar(60, 8, 8, 8, 8));
});

test("days begin at midnight UTC", () => {
  const at = Date.UTC(2026, 10, 21, 23, 59);
  expect(barAfter(undefined, { at, price: "1" }, 86_400)?.time).toBe(Date.UTC(2026, 10, 21) / 1000);
});

test("a candle becomes a bar", () => {
  const candle = { at: 120_000, open: "5.00", high: "6.25", low: "4.00", close: "5.50", count: 3 };
  expect(barOf(candle)).toEqual(bar(120, 5, 6.25, 4, 5.5));
});
