import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { priceStore } from "@/shared/prices/priceStore";
import { fakeFetch } from "@/testing/fakeFetch";
import { quote } from "@/testing/make";

import { ChartPanel } from "./ChartPanel";

vi.mock("./useAnomalies", () => ({ useAnomalies: () => [] }));
vi.mock("./PriceChart", () => ({ default: () => code.run() }));

const code = { run: () => <p>The chart</p> };

const SUBJECT = { ticker: "NEW", name: "New Inc.", exchange: "NASDAQ", currency: "USD" };

const TICK = { at: 1, price: "1.00", sequence: 1 };

const recorded = (...prices: object[]) =>
  fakeFetch({ "GET securities/NEW/history": () => ({ body: prices }) });

afterEach(() => {
  cleanup();
  act(() => priceStore.clear());
  vi.unstubAllGlobals();
});

test("a stock that was never priced is drawn from its first price on", async () => {
  recorded();
  render(<ChartPanel subject={SUBJECT} round={0} />);
  await screen.findByText("No prices recorded yet.");
  priceStore.apply([quote("NEW", "10.00", 1)]);
  await screen.findByText("The chart");
  expect(screen.queryByText("No prices recorded yet.")).toBeNull();
});

test("where the chart's code cannot be loaded the page can be loaded anew", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.spyOn(code, "run").mockImplementation(() => {
    throw new TypeError("Failed to fetch dynamically imported module");
  });
  recorded(TICK);
  const reload = vi.fn();
  vi.stubGlobal("location", { reload });
  render(<ChartPanel subject={SUBJECT} round={0} />);
  fireEvent.click(await screen.findByRole("button", { name: "Reload" }));
  expect(reload).toHaveBeenCalledOnce();
});
