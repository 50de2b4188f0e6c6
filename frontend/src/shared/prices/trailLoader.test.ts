import { beforeEach, expect, test, vi } from "vitest";

import { getHistory } from "@/shared/api/getHistory";
import type { PricePoint } from "@/shared/api/types";

import { priceStore } from "./priceStore";
import { loadTrail } from "./trailLoader";

vi.mock("@/shared/api/getHistory");

const done = vi.fn();
const recorded = [{ at: 1000, price: "7.00", sequence: 1 }] as PricePoint[];
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  priceStore.clear();
  done.mockReset();
  vi.mocked(getHistory).mockReset().mockResolvedValue(recorded);
});

test("a trail is filled once, however often it is seen", async () => {
  loadTrail("AAPL", done);
  await settle();
  loadTrail("AAPL", done);
  await settle();
  expect(priceStore.trail("AAPL").at(0)).toBe(7);
  expect(getHistory).toHaveBeenCalledOnce();
  expect(done).toHaveBeenCalledOnce();
});

test("one that could not be filled is filled when it is seen again", async () => {
  vi.mocked(getHistory).mockRejectedValueOnce(new Error("away"));
  loadTrail("AAPL", done);
  await settle();
  expect(done).not.toHaveBeenCalled();
  loadTrail("AAPL", done);
  await settle();
  expect(priceStore.trail("AAPL").at(0)).toBe(7);
});

test("one that was forgotten is filled anew", async () => {
  loadTrail("AAPL", done);
  await settle();
  priceStore.forgetTrail("AAPL");
  loadTrail("AAPL", done);
  await settle();
  expect(getHistory).toHaveBeenCalledTimes(2);
  expect(priceStore.trail("AAPL").length).toBe(1);
});
