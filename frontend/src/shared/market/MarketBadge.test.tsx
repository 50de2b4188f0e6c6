import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Market } from "@/shared/api/types";

import { MarketBadge } from "./MarketBadge";

const answers = vi.fn<() => Promise<Market>>();
vi.mock("@/shared/api/getMarket", () => ({ getMarket: () => answers() }));

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  answers.mockReset();
});

const badge = () => screen.queryByRole("status", { name: "Market" });
const settle = (ms = 0) => act(() => vi.advanceTimersByTimeAsync(ms));

test("says what the market is, and what it has become when its time is over", async () => {
  answers.mockResolvedValueOnce({ state: "open", until: Date.now() + 60_000 });
  answers.mockResolvedValue({ state: "post", until: Date.now() + 3_600_000 });
  render(<MarketBadge />);
  await settle();
  expect(badge()?.textContent).toBe("Market open");
  await settle(30_000);
  expect(answers).toHaveBeenCalledTimes(1);
  await settle(32_000);
  expect(badge()?.textContent).toBe("After hours");
});

test("says nothing where prices have no hours, and asks no more", async () => {
  answers.mockResolvedValue({ state: "always", until: null });
  render(<MarketBadge />);
  await settle(86_400_000);
  expect(badge()).toBeNull();
  expect(answers).toHaveBeenCalledTimes(1);
});

test("asks again when the server could not be reached", async () => {
  answers.mockRejectedValueOnce(new Error("away"));
  answers.mockResolvedValue({ state: "closed", until: Date.now() + 7_200_000 });
  render(<MarketBadge />);
  await settle();
  expect(badge()).toBeNull();
  await settle(61_000);
  expect(badge()?.textContent).toBe("Market closed");
});
