import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "@/shared/api/errors";
import type { HistoryInterval } from "@/shared/api/types";

import { useHistory } from "./useHistory";

type Settle = { resolve: (items: unknown[]) => void; reject: (error: Error) => void };
const asked = new Map<string, Settle>();

vi.mock("@/shared/api/request", () => ({
  request: (_: string, path: string) =>
    new Promise((resolve, reject) => asked.set(path, { resolve, reject })),
}));

const TICK = { at: 1, price: "1.00", sequence: 1 };
const CANDLE = { at: 0, open: "1.00", high: "1.00", low: "1.00", close: "1.00", count: 1 };
const path = (interval: string) => `securities/AAPL/history?interval=${interval}&limit=1000`;

function answer(interval: string, settle: (it: Settle) => void): Promise<void> {
  const it = asked.get(path(interval));
  if (it === undefined) throw new Error(`${interval} was not asked for`);
  return act(() => {
    settle(it);
    return Promise.resolve();
  });
}

beforeEach(() => asked.clear());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function open() {
  const useIt = ({ interval }: { interval: HistoryInterval }) => useHistory("AAPL", interval, 0);
  return renderHook(useIt, { initialProps: { interval: "tick" } });
}

test("what is drawn stays until candles of the chosen interval are there", async () => {
  const { result, rerender } = open();
  await answer("tick", ({ resolve }) => resolve([TICK]));
  rerender({ interval: "5m" });
  expect(result.current.recorded).toEqual({ interval: "tick", prices: [TICK] });
  await answer("5m", ({ resolve }) => resolve([CANDLE]));
  expect(result.current.recorded).toEqual({ interval: "5m", prices: [CANDLE] });
});

test("an answer that comes after another choice is not drawn", async () => {
  const { result, rerender } = open();
  rerender({ interval: "1h" });
  await answer("1h", ({ resolve }) => resolve([CANDLE]));
  await answer("tick", ({ resolve }) => resolve([TICK]));
  expect(result.current.recorded?.interval).toBe("1h");
});

test("where the chosen interval cannot be read, another is not passed off as it", async () => {
  const { result, rerender } = open();
  await answer("tick", ({ resolve }) => resolve([TICK]));
  rerender({ interval: "1d" });
  await answer("1d", ({ reject }) => reject(new ApiError(503, "unavailable", "Not now.")));
  expect(result.current).toMatchObject({ recorded: null, problem: "Not now." });
});

test("what could not be read is read again by itself, until it was or another is chosen", async () => {
  vi.useFakeTimers();
  const { result, rerender } = open();
  for (const message of ["Not now.", "Still not."]) {
    await answer("tick", ({ reject }) => reject(new ApiError(503, "unavailable", message)));
    expect(result.current.problem).toBe(message);
    asked.clear();
    vi.advanceTimersByTime(10_000);
  }
  asked.get(path("tick"))?.reject(new ApiError(503, "unavailable", "Not yet."));
  await act(() => vi.advanceTimersByTimeAsync(0));
  asked.clear();
  window.dispatchEvent(new Event("online"));
  await answer("tick", ({ resolve }) => resolve([TICK]));
  expect(result.current).toMatchObject({ recorded: { prices: [TICK] }, problem: null });
  rerender({ interval: "1h" });
  await answer("1h", ({ reject }) => reject(new Error("away")));
  rerender({ interval: "1d" });
  asked.clear();
  vi.advanceTimersByTime(10_000);
  expect([...asked]).toEqual([]);
});

test("what there is not is not asked for again", async () => {
  vi.useFakeTimers();
  const { result } = open();
  await answer("tick", ({ reject }) => reject(new ApiError(404, "not_found", "No such stock.")));
  expect(result.current.problem).toBe("No such stock.");
  asked.clear();
  vi.advanceTimersByTime(600_000);
  window.dispatchEvent(new Event("online"));
  expect([...asked]).toEqual([]);
});
