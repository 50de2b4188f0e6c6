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

test("asks at once after a sleep in which its time came, and not without need", async () => {
  answers.mockResolvedValueOnce({ state: "open", until: Date.now() + 600_000 });
  answers.mockResolvedValue({ state: "post", until: Date.now() + 86_400_000 });
  render(<MarketBadge />);
  await settle();
  window.dispatchEvent(new Event("online"));
  expect(answers).toHaveBeenCalledTimes(1);
  vi.setSystemTime(Date.now() + 700_000);
  window.dispatchEvent(new Event("online"));
  await settle();
  expect(badge()?.textContent).toBe("After hours");
});

test("asks with the next wake where the first came before the network did", async () => {
  answers.mockResolvedValueOnce({ state: "open", until: Date.now() + 600_000 });
  answers.mockRejectedValueOnce(new Error("away"));
  answers.mockResolvedValue({ state: "post", until: Date.now() + 86_400_000 });
  render(<MarketBadge />);
  await settle();
  vi.setSystemTime(Date.now() + 700_000);
  document.dispatchEvent(new Event("visibilitychange"));
  await settle();
  expect(badge()?.textContent).toBe("Market open");
  window.dispatchEvent(new Event("online"));
  await settle();
  expect(badge()?.textContent).toBe("After hours");
});
