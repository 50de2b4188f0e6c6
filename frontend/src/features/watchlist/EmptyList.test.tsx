import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { fakeFetch } from "@/testing/fakeFetch";
import { security } from "@/testing/make";

import { EmptyList } from "./EmptyList";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("one idea that cannot be read does not take the others along", async () => {
  fakeFetch({
    "GET securities": ({ path }) => {
      const ticker = new URLSearchParams(path.split("?")[1]).get("q")!;
      return ticker === "TSLA" ? { status: 503 } : { body: [security(ticker)] };
    },
  });
  render(<EmptyList isNew onAdd={() => undefined} />);
  await screen.findByRole("button", { name: /AAPL/ });
  expect(screen.getAllByRole("button")).toHaveLength(7);
});

test("a server that answers nothing is asked again, and not taken for one that has none of them", async () => {
  vi.useFakeTimers();
  const calls = fakeFetch({ "GET securities": () => ({ status: 503 }) });
  const settle = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  vi.spyOn(Math, "random").mockReturnValue(1);
  render(<EmptyList isNew onAdd={() => undefined} />);
  await settle(0);
  expect(calls).toHaveLength(8);
  fakeFetch({
    "GET securities": ({ path }) => ({
      body: path.includes("limit=8") ? [security("SIM1")] : [],
    }),
  });
  await settle(400);
  expect(screen.getAllByRole("button").map((it) => it.textContent)).toEqual([
    expect.stringContaining("SIM1"),
  ]);
});
