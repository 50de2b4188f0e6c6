import { beforeEach, expect, test, vi } from "vitest";

import { quote } from "@/testing/make";

import { PriceStore, TRAIL_LENGTH } from "./priceStore";

let paints: (() => void)[];
let store: PriceStore;

const paint = (): void => {
  for (const task of paints.splice(0)) task();
};

beforeEach(() => {
  paints = [];
  store = new PriceStore((task) => paints.push(task));
});

test("everything that arrives before a paint becomes one", () => {
  const onAapl = vi.fn();
  store.subscribe("AAPL", onAapl);
  store.apply([quote("AAPL", "1.00", 1)]);
  store.apply([quote("AAPL", "2.00", 2), quote("KO", "9.00", 3)]);
  expect(store.get("AAPL")).toBeUndefined();
  expect(paints).toHaveLength(1);
  paint();
  expect(onAapl).toHaveBeenCalledOnce();
  expect(store.get("AAPL")?.price).toBe("2.00");
});

test("a price wakes only those who watch its ticker", () => {
  const onAapl = vi.fn();
  const onKo = vi.fn();
  store.subscribe("AAPL", onAapl);
  const leave = store.subscribe("KO", onKo);
  store.apply([quote("KO", "9.00", 1)]);
  paint();
  expect(onAapl).not.toHaveBeenCalled();
  expect(onKo).toHaveBeenCalledOnce();
  leave();
  store.apply([quote("KO", "9.10", 2)]);
  paint();
  expect(onKo).toHaveBeenCalledOnce();
});

test("an older or repeated sequence changes nothing, painted or not", () => {
  store.apply([quote("AAPL", "2.00", 5)]);
  store.apply([quote("AAPL", "1.00", 4)]);
  paint();
  store.apply([quote("AAPL", "3.00", 5)]);
  expect(paints).toHaveLength(0);
  expect(store.get("AAPL")?.price).toBe("2.00");
});

test("in a new epoch the counter starts again, and its first price is taken", () => {
  store.enterEpoch("one");
  store.apply([quote("AAPL", "2.00", 500)]);
  paint();
  store.enterEpoch("one");
  store.apply([quote("AAPL", "1.00", 3)]);
  expect(paints).toHaveLength(0);
  store.enterEpoch("two");
  store.apply([quote("AAPL", "1.00", 3)]);
  paint();
  expect(store.get("AAPL")?.price).toBe("1.00");
});

test("what a price frame leaves out is kept from the snapshot", () => {
  store.apply([quote("AAPL", "101.00", 1)]);
  paint();
  const update = quote("AAPL", "102.00", 2);
  delete update.previous_close;
  store.apply([update]);
  paint();
  expect(store.get("AAPL")?.previous_close).toBe("100.00");
});

test("a flash shows the move since what was painted last", () => {
  const moves: unknown[] = [];
  store.subscribe("AAPL", () => moves.push(store.get("AAPL")?.moved));
  for (const [price, sequence] of [["2.00", 1], ["3.00", 2], ["2.50", 3], ["2.50", 4]] as const) {
    store.apply([quote("AAPL", price, sequence)]);
    paint();
  }
  store.apply([quote("AAPL", "2.70", 5)]);
  store.apply([quote("AAPL", "2.40", 6)]);
  paint();
  expect(moves).toEqual([null, "up", "down", null, "down"]);
});

test("memory for sparklines is bounded, however long prices come", () => {
  for (let sequence = 1; sequence <= 500; sequence += 1) {
    store.apply([quote("AAPL", `${sequence}.00`, sequence)]);
    paint();
  }
  const trail = store.trail("AAPL");
  expect(trail.length).toBe(TRAIL_LENGTH);
  expect([trail.at(0), trail.at(TRAIL_LENGTH - 1)]).toEqual([441, 500]);
});
