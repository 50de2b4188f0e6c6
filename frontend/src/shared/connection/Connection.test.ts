import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Frame } from "@/shared/protocol/frames";
import { FakeSocket } from "@/testing/FakeSocket";
import { quote } from "@/testing/make";

import { Connection } from "./Connection";

let sockets: FakeSocket[];
let connection: Connection;
const onRefused = vi.fn();

const latest = (): FakeSocket => sockets.at(-1)!;
const status = () => connection.status.get();

function heartbeat(news: { stale_since?: number; delayed_since?: number }): Frame {
  const well = { stale_since: null, delayed_since: null };
  return { type: "heartbeat", sequence: 10, at: 60_000, ...well, ...news };
}

beforeEach(async () => {
  vi.useFakeTimers();
  sockets = [];
  const open = (): FakeSocket => {
    sockets.push(new FakeSocket());
    return latest();
  };
  connection = new Connection({
    url: "ws://test",
    token: () => Promise.resolve("t"),
    onFrame: vi.fn(),
    onRefused,
    env: { open, random: () => 1, now: Date.now },
  });
  connection.start();
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

test("says live, reconnecting, then stale since the last frame, then live again", async () => {
  expect(status()).toEqual({ name: "connecting" });
  latest().greets();
  expect(status()).toEqual({ name: "live" });
  await vi.advanceTimersByTimeAsync(3000);
  latest().says({ type: "prices", sequence: 11, quotes: [quote("AAPL", "1.00", 11)] });
  const since = Date.now();
  latest().onclose?.({ code: 1006 });
  expect(status()).toEqual({ name: "reconnecting", since });
  for (let second = 0; second < 6; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    latest().onclose?.({ code: 1006 });
  }
  expect(status()).toEqual({ name: "stale", since, waiting: "for the server" });
  await vi.advanceTimersByTimeAsync(8000);
  latest().greets();
  expect(status()).toEqual({ name: "live" });
});

test("passes on the server's word that it has had no prices, until one comes", () => {
  latest().greets();
  latest().says(heartbeat({ stale_since: 42_000 }));
  expect(status()).toEqual({ name: "stale", since: 42_000, waiting: "for prices" });
  latest().says({ type: "prices", sequence: 11, quotes: [quote("AAPL", "1.00", 11)] });
  expect(status()).toEqual({ name: "live" });
});

test("says that prices are delayed until the server takes it back, though some come", () => {
  latest().greets();
  latest().says(heartbeat({ delayed_since: 42_000 }));
  expect(status()).toEqual({ name: "delayed", since: 42_000 });
  latest().says({ type: "prices", sequence: 11, quotes: [quote("AAPL", "1.00", 11)] });
  expect(status()).toEqual({ name: "delayed", since: 42_000 });
  latest().says(heartbeat({ stale_since: 50_000, delayed_since: 42_000 }));
  expect(status()).toEqual({ name: "stale", since: 50_000, waiting: "for prices" });
  latest().says(heartbeat({}));
  expect(status()).toEqual({ name: "live" });
});

test("resumes where the server said that everything had been sent", async () => {
  latest().greets("e1", 10);
  latest().says({ type: "prices", sequence: 20, quotes: [quote("AAPL", "1.00", 25)] });
  latest().onclose?.({ code: 4100 });
  await vi.advanceTimersByTimeAsync(1000);
  latest().onopen?.();
  expect(latest().sent[0]).toMatchObject({ since: { epoch: "e1", sequence: 20 } });
});

test("in another epoch it starts from nothing", async () => {
  latest().greets("e1", 500);
  latest().greets("e2", 3);
  latest().onclose?.({ code: 4100 });
  await vi.advanceTimersByTimeAsync(1000);
  latest().onopen?.();
  expect(latest().sent[0]).toMatchObject({ since: { epoch: "e2", sequence: 3 } });
});

test("says reconnecting, not stale, after a goodbye in a quiet time", async () => {
  latest().greets();
  await vi.advanceTimersByTimeAsync(20_000);
  const at = Date.now();
  latest().onclose?.({ code: 4100, reason: "going away; retry_after_ms=700" });
  expect(status()).toEqual({ name: "reconnecting", since: at });
  await vi.advanceTimersByTimeAsync(700);
  expect(status()).toEqual({ name: "reconnecting", since: at });
  latest().greets();
  expect(status()).toEqual({ name: "live" });
});

test("says reconnecting, not stale, while a token that has ended in a quiet time is renewed", async () => {
  latest().greets();
  await vi.advanceTimersByTimeAsync(20_000);
  const at = Date.now();
  latest().onclose?.({ code: 4101 });
  expect(status()).toEqual({ name: "reconnecting", since: at });
});

test("a server that sends us away again and again leaves stale what it gave us before", async () => {
  latest().greets();
  const at = Date.now();
  latest().onclose?.({ code: 1006 });
  for (let second = 0; second < 6; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    latest().onclose?.({ code: 4100, reason: "going away; retry_after_ms=500" });
  }
  expect(status()).toMatchObject({ name: "stale", since: at });
});

test("a refusal is told with its reason", () => {
  latest().onclose?.({ code: 4029 });
  expect(status()).toMatchObject({ name: "refused", reason: expect.stringContaining("connections") });
  expect(onRefused).toHaveBeenLastCalledWith(4029);
});
