import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { watchlist } from "@/features/watchlist/WatchlistStore";
import { takeTokensFrom } from "@/shared/api/request";
import { Toasts } from "@/shared/ui/Toasts";
import { toasts } from "@/shared/ui/toasts";
import { type Call, fakeFetch } from "@/testing/fakeFetch";
import { item, security } from "@/testing/make";

import { addSecurity, removeTicker } from "./edits";
import { useShortcuts } from "./useShortcuts";

let calls: Call[];
const shown = (): string[] => watchlist.state.get().rows.map(({ ticker }) => ticker);
const settle = () => act(() => vi.advanceTimersByTimeAsync(0));

function Page() {
  useShortcuts({ current: null });
  return (
    <>
      <h1 tabIndex={-1}>Your watchlist</h1>
      <Toasts />
    </>
  );
}

beforeEach(async () => {
  vi.useFakeTimers();
  takeTokensFrom({ access: () => Promise.resolve("t"), renew: () => Promise.resolve("t") });
  toasts.set([]);
  const ok = () => ({ body: item("KO") });
  calls = fakeFetch({
    "GET watchlist": () => ({ body: [item("AAPL"), item("KO"), item("MSFT")] }),
    "DELETE watchlist/KO": () => ({ status: 204 }),
    "PUT watchlist/KO": ok,
  });
  await watchlist.load();
  render(<Page />);
});

afterEach(() => {
  cleanup();
  watchlist.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("Undo in the notice puts a removed stock back where it was", async () => {
  act(() => removeTicker("KO"));
  expect(shown()).toEqual(["AAPL", "MSFT"]);
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  await settle();
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
  expect(calls.at(-1)).toMatchObject({ method: "PUT", body: { position: 1 } });
  expect(screen.queryByText("KO removed")).toBeNull();
});

test.each([{ ctrlKey: true }, { metaKey: true }])("so does the key for undo: %o", async (modifier) => {
  act(() => removeTicker("KO"));
  fireEvent.keyDown(document.body, { key: "z", ...modifier });
  await settle();
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
});

test("what was removed and added again needs no undo any more", async () => {
  act(() => removeTicker("KO"));
  act(() => addSecurity(security("KO")));
  await settle();
  expect(screen.queryByText("KO removed")).toBeNull();
  act(() => removeTicker("KO"));
  expect(screen.getAllByText("KO removed")).toHaveLength(1);
});

test("the offer to undo goes away, but not while it is pointed at", async () => {
  act(() => removeTicker("KO"));
  fireEvent.pointerEnter(screen.getByText("KO removed").parentElement!);
  await act(() => vi.advanceTimersByTimeAsync(20_000));
  fireEvent.pointerLeave(screen.getByText("KO removed").parentElement!);
  await act(() => vi.advanceTimersByTimeAsync(8000));
  expect(screen.queryByText("KO removed")).toBeNull();
});

test("nor while it holds the focus, wherever the pointer goes", async () => {
  act(() => removeTicker("KO"));
  const card = screen.getByText("KO removed").parentElement!;
  act(() => screen.getByRole("button", { name: "Undo" }).focus());
  fireEvent.pointerEnter(card);
  fireEvent.pointerLeave(card);
  await act(() => vi.advanceTimersByTimeAsync(20_000));
  expect(screen.getByText("KO removed")).toBeTruthy();
  act(() => screen.getByRole("button", { name: "Undo" }).blur());
  await act(() => vi.advanceTimersByTimeAsync(8000));
  expect(screen.queryByText("KO removed")).toBeNull();
});

test("notices that are dismissed by keyboard pass the focus on, and back to the page", async () => {
  act(() => removeTicker("KO"));
  act(() => removeTicker("MSFT"));
  for (const next of ["Dismiss notice", "Your watchlist"]) {
    fireEvent.click(screen.getAllByRole("button", { name: "Dismiss notice" })[0]!, { detail: 0 });
    await act(() => vi.advanceTimersByTimeAsync(20));
    const held = document.activeElement!;
    expect(held.getAttribute("aria-label") ?? held.textContent).toBe(next);
  }
});

test("what was added is said to those who cannot see it, each time, and not for ever", async () => {
  fakeFetch({ "PUT watchlist/TSLA": () => ({ body: item("TSLA") }) });
  const added = () => screen.queryByText("TSLA added");
  act(() => addSecurity(security("TSLA")));
  expect(added()).toBeNull();
  await settle();
  const first = added();
  expect(screen.getByRole("status").contains(first)).toBe(true);
  act(() => addSecurity(security("TSLA")));
  await settle();
  expect(added()).not.toBe(first);
  await act(() => vi.advanceTimersByTimeAsync(8000));
  expect(added()).toBeNull();
});

test("what the server refuses is taken back and said", async () => {
  const full = { code: "watchlist_full", message: "A watchlist may have at most 3 securities." };
  fakeFetch({
    "PUT watchlist/TSLA": () => ({ status: 409, body: full }),
    "GET watchlist": () => ({ body: [item("AAPL"), item("KO"), item("MSFT")] }),
  });
  act(() => addSecurity(security("TSLA")));
  expect(shown()).toContain("TSLA");
  await settle();
  expect(shown()).not.toContain("TSLA");
  expect(screen.queryByText("TSLA added")).toBeNull();
  expect(screen.getByRole("status").textContent).toContain("at most 3 securities");
});

test("a removal that fails takes its notice and the offer to undo it along", async () => {
  fakeFetch({ "GET watchlist": () => ({ body: [item("AAPL"), item("KO"), item("MSFT")] }) });
  act(() => removeTicker("KO"));
  expect(screen.getByText("KO removed")).toBeTruthy();
  await settle();
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
  expect(screen.getByRole("status").textContent).toContain("KO was not removed.");
  expect(screen.queryByText("KO removed")).toBeNull();
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
});
