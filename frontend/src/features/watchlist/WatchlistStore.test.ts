import { beforeEach, expect, test, vi } from "vitest";

import { takeTokensFrom } from "@/shared/api/request";
import type { WatchlistItem } from "@/shared/api/types";
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

function serve(tickers: string[], more: Record<string, (call: Call) => Answer> = {}): void {
  const edits = Object.fromEntries(
    tickers.flatMap((ticker) => [
      [`PUT watchlist/${ticker}`, put],
      [`DELETE watchlist/${ticker}`, remove],
    ]),
  );
  calls = fakeFetch({ "GET watchlist": () => ({ body: server }), ...edits, ...more });
}

beforeEach(async () => {
  takeTokensFrom({ access: () => Promise.resolve("t"), renew: () => Promise.resolve("t") });
  server = list("AAPL", "KO", "MSFT");
  store = new WatchlistStore();
  serve(["AAPL", "KO", "MSFT", "TSLA"]);
  await store.load();
  calls.length = 0;
});

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

test("what is deactivated keeps its place without a row, and comes back to it", () => {
  store.deactivated("KO");
  store.changedElsewhere([], ["KO"]);
  expect([shown(), inactive()]).toEqual([["AAPL", "MSFT"], ["KO"]]);
  store.changedElsewhere([quote("KO", "62.10", 9)], []);
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
  expect(calls).toHaveLength(0);
  server = list("MSFT", "AAPL");
  store.agreeWith(["MSFT", "AAPL"]);
  await settle();
});

test("a list that cannot be read says why, until a connection brings it", async () => {
  const fresh = new WatchlistStore();
  serve([], { "GET watchlist": () => ({ status: 503, body: { code: "unavailable", message: "Later." } }) });
  await fresh.load();
  expect(fresh.state.get()).toEqual({ status: "failed", problem: "Later.", rows: [], inactive: [] });
  serve([]);
  fresh.agreeWith([]);
  await vi.waitFor(() => expect(fresh.state.get().status).toBe("ready"));
});
