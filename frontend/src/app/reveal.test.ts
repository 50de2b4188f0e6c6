import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { keepFocus } from "./reveal";

const focused = () => document.activeElement?.closest<HTMLElement>("[data-entry]")?.dataset.ticker;

const entry = (kind: string, ticker: string): string =>
  `<div data-entry="${kind}" data-ticker="${ticker}"><button>${ticker}</button></div>`;

const find = (ticker: string) => document.querySelector(`[data-ticker="${ticker}"]`)!;

function leaves(ticker: string): void {
  keepFocus(ticker);
  find(ticker).remove();
}

beforeEach(() => {
  vi.stubGlobal("requestAnimationFrame", (act: () => void) => queueMicrotask(act));
  const rows = ["A", "B", "C"].map((ticker) => entry("row", ticker));
  document.body.innerHTML = `<h1 tabindex="-1">List</h1>${rows.join("")}${entry("inactive", "X")}`;
});

afterEach(() => vi.unstubAllGlobals());

test("the focus goes to what takes the place of the entry that held it", async () => {
  find("B").querySelector("button")!.focus();
  leaves("B");
  await vi.waitFor(() => expect(focused()).toBe("C"));
  leaves("C");
  await vi.waitFor(() => expect(focused()).toBe("A"));
});

test("where nothing of its kind is left it goes to the last row, and then to the heading", async () => {
  find("X").querySelector("button")!.focus();
  leaves("X");
  await vi.waitFor(() => expect(focused()).toBe("C"));
  for (const ticker of ["A", "B", "C"]) leaves(ticker);
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe("H1"));
});

test("it stays where it is when another entry leaves", async () => {
  find("B").querySelector("button")!.focus();
  leaves("A");
  await Promise.resolve();
  expect(focused()).toBe("B");
});
