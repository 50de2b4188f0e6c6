import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { Profiler } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { priceStore } from "@/shared/prices/priceStore";
import { fakeFetch } from "@/testing/fakeFetch";
import { item, quote } from "@/testing/make";

import * as cells from "./LiveCells";
import { rowOf } from "./rows";
import { Watchlist } from "./Watchlist";

const TICKERS = ["AAPL", "KO", "MSFT"];
const rows = TICKERS.map((ticker) => rowOf(item(ticker)));
const onChoose = vi.fn();
const onRemove = vi.fn();
const onCommit = vi.fn();
let rendered: string[];

const receive = (...quotes: ReturnType<typeof quote>[]) =>
  act(async () => {
    priceStore.apply(quotes);
    await vi.advanceTimersByTimeAsync(50);
  });
const rowFor = (ticker: string) => screen.getByRole("row", { name: new RegExp(`^${ticker}`) });
const focused = () => document.activeElement?.textContent;

beforeEach(() => {
  vi.useFakeTimers();
  fakeFetch({});
  onRemove.mockReset();
  rendered = [];
  const original = cells.LiveCells;
  vi.spyOn(cells, "LiveCells").mockImplementation((props) => {
    rendered.push(props.ticker);
    return original(props);
  });
  render(
    <Profiler id="list" onRender={onCommit}>
      <Watchlist rows={rows} chosen="AAPL" onChoose={onChoose} onRemove={onRemove} />
    </Profiler>,
  );
  rendered = [];
  onCommit.mockReset();
});

afterEach(() => {
  cleanup();
  priceStore.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a price renders the cells of its own row and nothing else", async () => {
  await receive(quote("KO", "62.10", 1));
  expect(rendered).toEqual(["KO"]);
  expect(rowFor("KO").textContent).toContain("62.10");
  expect(rowFor("AAPL").textContent).toContain("no price yet");
});

test("all prices of a tick are one commit", async () => {
  await receive(...TICKERS.map((ticker, index) => quote(ticker, "5.00", index + 1)));
  expect(rendered.toSorted()).toEqual(TICKERS);
  expect(onCommit).toHaveBeenCalledOnce();
});

test("a change says its direction by arrow, sign and colour together", async () => {
  await receive({ ...quote("KO", "62.10", 1), abs_change: "-1.20", pct_change: "-1.90" });
  const change = within(rowFor("KO")).getByText("−1.90%");
  expect(change.querySelector("svg")).not.toBeNull();
  expect(change.closest("[data-direction]")?.getAttribute("data-direction")).toBe("down");
});

test("arrow keys walk the rows, Delete removes, and Tab stops at one row only", () => {
  screen.getByRole("button", { name: "AAPL" }).focus();
  fireEvent.keyDown(document.activeElement!, { key: "ArrowDown" });
  expect(focused()).toBe("KO");
  fireEvent.keyDown(document.activeElement!, { key: "End" });
  expect(focused()).toBe("MSFT");
  fireEvent.keyDown(document.activeElement!, { key: "ArrowDown" });
  expect(focused()).toBe("MSFT");
  fireEvent.keyDown(document.activeElement!, { key: "Delete" });
  expect(onRemove).toHaveBeenCalledWith("MSFT");
  const stops = screen.getAllByRole("button").filter((button) => button.tabIndex === 0);
  expect(stops.map((button) => button.getAttribute("aria-label") ?? button.textContent)).toEqual([
    "MSFT",
    "Remove MSFT",
  ]);
});

test("a Delete that is held down removes one row", () => {
  screen.getByRole("button", { name: "KO" }).focus();
  for (const repeat of [false, true, true]) {
    const event = { key: "Delete", repeat };
    expect(fireEvent.keyDown(document.activeElement!, event)).toBe(false);
  }
  expect(onRemove).toHaveBeenCalledOnce();
});

test("removing does not choose", () => {
  onChoose.mockReset();
  fireEvent.click(screen.getByRole("button", { name: "Remove KO" }));
  expect(onRemove).toHaveBeenCalledWith("KO");
  expect(onChoose).not.toHaveBeenCalled();
  fireEvent.click(rowFor("KO"));
  expect(onChoose).toHaveBeenCalledWith("KO");
});
