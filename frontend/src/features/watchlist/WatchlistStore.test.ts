import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { takeTokensFrom } from "@/shared/api/request";
import type { WatchlistItem } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import { type Answer, type Call, fakeFetch } from "@/testing/fakeFetch";
import { item, quote } from "@/testing/make";

import { rowOf } from "./rows";
import { WatchlistStore } from "./WatchlistStore";

let server: WatchlistItem[];
let calls: Call[];
let store: WatchlistStore;

const shown = (): string[] => store.state.get().rows.map(({ ticker }) => ticker);
const inactive = (): string[] => store.state.get().inactive.map(({ ticker }) => ticker);
const row = (ticker: string) => rowOf(item(ticker));
const list = (...tickers: string[]) => tickers.map((ticker, position) => item(ticker, { position }));
const passMinute = () => vi.advanceTimersByTimeAsync(60_000);
const settle = () => vi.waitFor(() => expect(shown()).toEqual(server.map(({ ticker }) => ticker)));

function put({ path, body }: Call): Answer {
  const ticker = path.split("/")[1]!;
  const { position = server.length } = body as { position?: number };
  server.splice(position, 0, item(ticker));
  return { status: 201, body: item(ticker) };
}

function remove({ path }: Call): Answer {
  server = server.filter(({ ticker }) => ticker !== path.split("/")[1]);
  return { status: 204 };
}

function serve(
  tickers: string[],
  more: Record<string, (call: Call) => Answer | Promise<Answer>> = {},
): void {
  const edits = Object.fromEntries(
    tickers.flatMap((ticker) => [
      [`PUT watchlist/${ticker}`, put],
      [`DELETE watchlist/${ticker}`, remove],
    ]),
  );
  calls = fakeFetch({ "GET watchlist": () => ({ body: server }), ...edits, ...more });
}

beforeEach(async () => {
  vi.useFakeTimers();
  takeTokensFrom({ access: () => Promise.resolve("t"), renew: () => Promise.resolve("t") });
  server = list("AAPL", "KO", "MSFT");
  store = new WatchlistStore();
  serve(["AAPL", "KO", "MSFT", "TSLA"]);
  await store.load();
  calls.length = 0;
});

afterEach(() => {
  store.clear();
  priceStore.clear();
  vi.useRealTimers();
});

const away = () => ({ status: 503, body: { code: "unavailable", message: "Later." } });

test("an added row shows before the server has answered", async () => {
  const added = store.add(row("TSLA"));
  expect(shown()).toEqual(["AAPL", "KO", "MSFT", "TSLA"]);
  await added;
  expect(server.map(({ ticker }) => ticker)).toEqual(shown());
  expect(calls).toHaveLength(1);
});

test("a refused row is taken back", async () => {
  const full = { status: 409, body: { code: "watchlist_full", message: "Full." } };
  serve([], { "PUT watchlist/TSLA": () => full });
  await expect(store.add(row("TSLA"))).rejects.toMatchObject({ code: "watchlist_full" });
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
});

test("a removed row comes back where it was, here and on the server", async () => {
  const edit = store.remove("KO")!;
  const undone = store.add(edit.removed.row, edit.removed.index);
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
  await Promise.all([edit.done, undone]);
  expect(calls.map(({ method }) => method)).toEqual(["DELETE", "PUT"]);
  expect(calls[1]?.body).toEqual({ position: 1 });
  expect(server.map(({ ticker }) => ticker)).toEqual(["AAPL", "KO", "MSFT"]);
});

test("the place of an undo counts inactive securities, which are not shown", async () => {
  server = [item("GONE", { is_active: false, position: 0 }), ...list("AAPL", "KO")];
  await store.load();
  expect(shown()).toEqual(["AAPL", "KO"]);
  const edit = store.remove("KO")!;
  await edit.done;
  await store.add(edit.removed.row, edit.removed.index);
  expect(calls.at(-1)?.body).toEqual({ position: 2 });
});

test("what is deactivated keeps its place without a row, comes back to it, and asks for nothing", async () => {
  store.deactivated("KO");
  store.changedElsewhere([], ["KO"]);
  store.agreeWith(["AAPL", "MSFT"]);
  await passMinute();
  expect([shown(), inactive()]).toEqual([["AAPL", "MSFT"], ["KO"]]);
  store.changedElsewhere([quote("KO", "62.10", 9)], []);
  store.agreeWith(["AAPL", "KO", "MSFT"]);
  await passMinute();
  expect([shown(), inactive()]).toEqual([["AAPL", "KO", "MSFT"], []]);
  expect(calls).toHaveLength(0);
});

test("places are counted right however much is inactive or has been removed", async () => {
  server = [...list("AAPL", "KO", "MSFT", "TSLA")];
  await store.load();
  store.deactivated("AAPL");
  store.deactivated("MSFT");
  await store.remove("AAPL")!.done;
  const edit = store.remove("TSLA")!;
  await edit.done;
  await store.add(edit.removed.row, edit.removed.index);
  expect(calls.at(-1)?.body).toEqual({ position: 2 });
});

test("a deactivation during an edit is read when the edit is done", async () => {
  const edit = store.remove("KO")!;
  server = [item("AAPL"), item("MSFT", { is_active: false, position: 2 })];
  store.deactivated("MSFT");
  store.changedElsewhere([], ["MSFT"]);
  await edit.done;
  await vi.waitFor(() => expect([shown(), inactive()]).toEqual([["AAPL"], ["MSFT"]]));
});

test("what is inactive can be taken off the list", async () => {
  server = [...list("AAPL", "KO"), item("MSFT", { is_active: false, position: 2 })];
  await store.load();
  expect(inactive()).toEqual(["MSFT"]);
  const { removed, done } = store.remove("MSFT")!;
  expect(removed.isActive).toBe(false);
  await done;
  expect(inactive()).toEqual([]);
  expect(server.map(({ ticker }) => ticker)).toEqual(["AAPL", "KO"]);
});

test("what is inactive and could not be taken off is still there", async () => {
  server = [...list("AAPL", "KO"), item("MSFT", { is_active: false, position: 2 })];
  await store.load();
  serve([]);
  await expect(store.remove("MSFT")!.done).rejects.toMatchObject({ code: "unreachable" });
  expect(inactive()).toEqual(["MSFT"]);
  expect(shown()).toEqual(["AAPL", "KO"]);
});

test("a removal that cannot be sent is taken back", async () => {
  serve([]);
  await expect(store.remove("KO")!.done).rejects.toMatchObject({ code: "unreachable" });
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
});

test("removing what another tab has removed is no error", async () => {
  const absent = { status: 404, body: { code: "not_on_watchlist", message: "Absent." } };
  serve([], { "DELETE watchlist/KO": () => absent });
  await store.remove("KO")!.done;
  expect(shown()).toEqual(["AAPL", "MSFT"]);
});

test("an edit elsewhere shows at once, and then where it belongs", async () => {
  server = list("TSLA", "AAPL", "MSFT");
  store.changedElsewhere([quote("TSLA", "1.00", 9)], ["KO"]);
  expect(shown()).toEqual(["AAPL", "MSFT", "TSLA"]);
  await settle();
});

test("the echo of an own edit changes nothing and asks for nothing", async () => {
  await store.add(row("TSLA"));
  calls.length = 0;
  const before = store.state.get();
  store.changedElsewhere([quote("TSLA", "1.00", 9)], []);
  await passMinute();
  expect(store.state.get()).toBe(before);
  expect(calls).toHaveLength(0);
});

test("what changes elsewhere during an edit is read when the edit is done", async () => {
  const edit = store.remove("KO")!;
  server = list("NVDA", "AAPL", "KO", "MSFT");
  store.changedElsewhere([quote("NVDA", "1.00", 9)], []);
  expect(shown()).toEqual(["AAPL", "MSFT"]);
  await edit.done;
  await settle();
  expect(shown()).toEqual(["NVDA", "AAPL", "MSFT"]);
});

test("a list that was being read while it was edited is read again", async () => {
  const reading = store.load();
  const edit = store.remove("KO")!;
  await Promise.all([reading, edit.done]);
  await settle();
  expect(shown()).toEqual(["AAPL", "MSFT"]);
});

test("a snapshot that names our list costs no request, one that differs reads it", async () => {
  store.agreeWith(["AAPL", "KO", "MSFT"]);
  await passMinute();
  expect(calls).toHaveLength(0);
  server = list("MSFT", "AAPL");
  store.agreeWith(["MSFT", "AAPL"]);
  await settle();
});

test("a list that cannot be read says why, until a connection brings it", async () => {
  const fresh = new WatchlistStore();
  serve([], { "GET watchlist": away });
  await fresh.load();
  expect(fresh.state.get()).toEqual({ status: "failed", problem: "Later.", rows: [], inactive: [] });
  serve([]);
  fresh.agreeWith([]);
  await vi.waitFor(() => expect(fresh.state.get().status).toBe("ready"));
});

test("a list that could not be read is read again, shown or not, by itself", async () => {
  serve([], { "GET watchlist": away });
  const fresh = new WatchlistStore();
  await fresh.load();
  store.agreeWith(["MSFT", "AAPL"]);
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["AAPL", "KO", "MSFT"]);
  server = list("MSFT", "AAPL");
  serve([]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(shown()).toEqual(["MSFT", "AAPL"]);
  expect(fresh.state.get()).toMatchObject({ status: "ready", rows: [{ ticker: "MSFT" }, { ticker: "AAPL" }] });
  calls.length = 0;
  await passMinute();
  expect(calls).toHaveLength(0);
});

test("a list is not asked for sooner than the server wants, and ever less often", async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  serve([], { "GET watchlist": () => ({ status: 429, headers: { "Retry-After": "60" } }) });
  void store.load();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(540_000);
  expect(calls.length).toBeLessThan(11);
  serve([], { "GET watchlist": () => ({ status: 403 }) });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls).toHaveLength(1);
});

test("a list that could not be read is read as soon as the page wakes, and once", async () => {
  serve([], { "GET watchlist": () => ({ status: 503, headers: { "Retry-After": "60" } }) });
  await store.load();
  server = list("MSFT", "AAPL");
  serve([]);
  window.dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["MSFT", "AAPL"]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(calls).toHaveLength(1);
});

test("who wakes the page again and again waits no longer for that", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  serve([], { "GET watchlist": away });
  void store.load();
  for (let time = 0; time < 9; time += 1) {
    await vi.advanceTimersByTimeAsync(0);
    window.dispatchEvent(new Event("online"));
  }
  await vi.advanceTimersByTimeAsync(399);
  expect(calls).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toHaveLength(11);
});

test("a list that could not be read is read with the next edit, and not twice", async () => {
  serve([], { "GET watchlist": away });
  await store.load();
  server = list("MSFT", "KO", "AAPL");
  serve(["KO"]);
  await store.remove("KO")!.done;
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["MSFT", "AAPL"]);
  await passMinute();
  expect(calls.filter(({ method }) => method === "GET")).toHaveLength(1);
});

test("nobody reads a list again that has been cleared", async () => {
  serve([], { "GET watchlist": away });
  await store.load();
  store.clear();
  calls.length = 0;
  expect(vi.getTimerCount()).toBe(0);
  window.dispatchEvent(new Event("online"));
  await passMinute();
  expect(calls).toHaveLength(0);
});

test("a list that is named during an own edit is read when the edit is done", async () => {
  const edit = store.remove("KO")!;
  server = list("NVDA", "AAPL", "KO", "MSFT");
  store.agreeWith(["NVDA", "AAPL", "KO", "MSFT"]);
  await edit.done;
  await settle();
  expect(shown()).toEqual(["NVDA", "AAPL", "MSFT"]);
});

test("what waits to be sent when the list is cleared is not sent for whoever comes next", async () => {
  const answered: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => answered.push(resolve));
  serve(["MSFT"], { "DELETE watchlist/AAPL": () => wait().then(() => ({ status: 503 })) });
  const edits = ["AAPL", "KO", "MSFT"].map((ticker) => store.remove(ticker)!.done);
  const ends = edits.map((done) => expect(done).rejects.toMatchObject({ name: "AbortError" }));
  await vi.waitFor(() => expect(answered).toHaveLength(1));
  store.clear();
  const cleared = store.state.get();
  answered[0]?.();
  await Promise.all(ends);
  expect(calls.map(({ path }) => path)).toEqual(["watchlist/AAPL"]);
  expect(store.state.get()).toBe(cleared);
});

test("an edit that ends after its list was cleared does nothing to the next list", async () => {
  const answered: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => answered.push(resolve));
  serve([], { "PUT watchlist/TSLA": () => wait().then(() => ({ body: item("TSLA") })) });
  const end = expect(store.add(row("TSLA"))).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitFor(() => expect(answered).toHaveLength(1));
  store.clear();
  priceStore.clear();
  serve([], { "GET watchlist": away });
  await store.load();
  calls.length = 0;
  answered[0]?.();
  await end;
  await vi.advanceTimersByTimeAsync(0);
  expect(calls).toHaveLength(0); // but when it is time to try again
  expect(priceStore.trail("TSLA").length).toBe(0);
});

test("a name or a currency that was corrected reaches the rows, a price leaves them alone", () => {
  const before = store.state.get();
  store.rename([quote("KO", "62.10", 9), { ...quote("AAPL", "1.00", 10), name: "AAPL Inc.", currency: "USD" }]);
  expect(store.state.get()).toBe(before);
  store.rename([{ ...quote("KO", "62.20", 11), name: "Coca-Cola", currency: "EUR" }]);
  expect(store.state.get().rows[1]).toEqual({ ...row("KO"), name: "Coca-Cola", currency: "EUR" });
  expect(store.state.get().rows[0]).toBe(before.rows[0]);
});

test("what is inactive and has left the list elsewhere leaves here when somebody looks again", async () => {
  server = [...list("AAPL", "KO"), item("GONE", { is_active: false, position: 2 })];
  await store.load();
  server = list("AAPL", "KO");
  store.probe();
  await vi.waitFor(() => expect(inactive()).toEqual([]));
});

test("who looks again has nothing read where nothing is inactive any more", async () => {
  server = [...list("AAPL", "KO"), item("MSFT", { is_active: false, position: 2 })];
  await store.load();
  await store.remove("MSFT")!.done;
  calls.length = 0;
  store.probe();
  await passMinute();
  expect(calls).toHaveLength(0);
});

const leavings: Record<string, () => unknown> = {
  "taken off": () => store.remove("KO")!.done,
  "taken off elsewhere": () => store.changedElsewhere([], ["KO"]),
  deactivated: () => store.deactivated("KO"),
  "found off the list": () => {
    server = list("AAPL", "MSFT");
    return store.load();
  },
};

test.each(Object.keys(leavings))("what was %s begins its sparkline anew, what stays keeps it", async (how) => {
  const kept = priceStore.trail("AAPL");
  const left = priceStore.trail("KO");
  await leavings[how]!();
  expect(priceStore.trail("KO")).not.toBe(left);
  expect(priceStore.trail("AAPL")).toBe(kept);
});

test("a removal that is taken back at once keeps the sparkline", async () => {
  const kept = priceStore.trail("KO");
  const edit = store.remove("KO")!;
  await Promise.all([edit.done, store.add(edit.removed.row, edit.removed.index)]);
  expect(priceStore.trail("KO")).toBe(kept);
  serve([]);
  await expect(store.remove("KO")!.done).rejects.toMatchObject({ code: "unreachable" });
  expect(priceStore.trail("KO")).toBe(kept);
});

test("what was refused leaves no beginning of a sparkline", async () => {
  serve([]);
  priceStore.apply([quote("TSLA", "1.00", 9)]);
  await expect(store.add(row("TSLA"))).rejects.toMatchObject({ code: "unreachable" });
  expect(priceStore.trail("TSLA").length).toBe(0);
});
