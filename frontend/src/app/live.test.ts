import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { watchlist } from "@/features/watchlist/WatchlistStore";
import type { WatchlistItem } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import { session } from "@/shared/session/session";
import { said, say, toasts } from "@/shared/ui/toasts";
import { fakeFetch } from "@/testing/fakeFetch";
import { FakeSocket } from "@/testing/FakeSocket";
import { item, quote } from "@/testing/make";

import { removeTicker } from "./edits";
import { connection, goLive } from "./live";

const ada = { id: 1, username: "ada", email: "", role: "user" as const };

let server: WatchlistItem[];
let sockets: FakeSocket[];
let leave: () => void;

const latest = (): FakeSocket => sockets.at(-1)!;
const settle = () => vi.advanceTimersByTimeAsync(0);
const notices = (): string[] => toasts.get().map(({ text }) => text);

beforeEach(async () => {
  vi.useFakeTimers();
  sockets = [];
  const open = class extends FakeSocket {
    constructor() {
      super();
      sockets.push(this);
    }
  };
  vi.stubGlobal("WebSocket", open);
  server = [item("AAPL"), item("KO")];
  fakeFetch({ "GET watchlist": () => ({ body: server }) });
  session.signIn({ access: "t", user: ada });
  leave = goLive();
  await settle();
});

afterEach(() => {
  leave();
  session.end(null);
  toasts.set([]);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("why the server wants none of us is said, and once only", async () => {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    latest().onclose?.({ code: 4029 });
    connection.retryNow();
    await settle();
  }
  expect(notices()).toEqual([expect.stringContaining("Close another tab")]);
  latest().onclose?.({ code: 4007 });
  expect(session.state.get()).toMatchObject({ name: "signed-out", notice: expect.stringContaining("disabled") });
  expect(notices()).toHaveLength(1);
});

test("nothing of the last user is left to be seen, heard or taken back, and no edit is answered for", async () => {
  removeTicker("KO");
  await settle();
  removeTicker("AAPL");
  say("TSLA added");
  expect(notices()).toContain("AAPL removed");
  leave();
  await settle();
  expect(notices()).toEqual([]);
  expect(said.get()).toBeNull();
});

test.each(["snapshot", "prices"])("a price and a name that come with %s are taken", (type) => {
  latest().greets();
  const quotes = [{ ...quote("KO", "62.10", 11), name: "Coca-Cola", currency: "USD" }];
  latest().says({ type, sequence: 11, tickers: ["AAPL", "KO"], quotes });
  expect(watchlist.state.get().rows.map(({ name }) => name)).toEqual(["AAPL Inc.", "Coca-Cola"]);
  const trail = priceStore.trail("KO");
  expect(trail.at(trail.length - 1)).toBe(62.1);
});

test("who looks again sees what is inactive as it is now", async () => {
  const inactive = () => watchlist.state.get().inactive.map(({ ticker }) => ticker);
  server = [item("AAPL"), item("GONE", { is_active: false })];
  await watchlist.load();
  expect(inactive()).toEqual(["GONE"]);
  server = [item("AAPL")];
  window.dispatchEvent(new Event("online"));
  await settle();
  expect(inactive()).toEqual([]);
});
