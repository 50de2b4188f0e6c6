import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Since } from "@/shared/protocol/frames";
import { FakeSocket } from "@/testing/FakeSocket";

import { Socket } from "./Socket";
import type { SocketState } from "./states";

let sockets: FakeSocket[];
let states: SocketState[];
let since: Since | null;
let token: ReturnType<typeof vi.fn<(refused: string | null) => Promise<string>>>;
let socket: Socket;

const latest = (): FakeSocket => sockets.at(-1)!;
const names = (): string[] => states.map(({ name }) => name);
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  states = [];
  since = null;
  token = vi.fn((refused) => Promise.resolve(refused === null ? "t1" : "t2"));
  socket = new Socket({
    url: "ws://test",
    token,
    since: () => since,
    onFrame: vi.fn(),
    onState: (state) => states.push(state),
    env: {
      open: () => {
        sockets.push(new FakeSocket());
        return latest();
      },
      random: () => 0.5,
      now: Date.now,
    },
  });
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

async function goLive(): Promise<void> {
  socket.start();
  await settle();
  latest().greets();
}

test("is live only when the snapshot is here, with the token as first message", async () => {
  socket.start();
  await settle();
  latest().onopen?.();
  expect(latest().sent).toEqual([{ type: "auth", token: "t1" }]);
  latest().says({ type: "welcome", protocol: 1, epoch: "e1", heartbeat: 25 });
  expect(names()).toEqual(["connecting"]);
  latest().says({ type: "snapshot", sequence: 1, quotes: [] });
  expect(names()).toEqual(["connecting", "live"]);
});

test("comes back after a full-jitter delay and says where to resume", async () => {
  await goLive();
  since = { epoch: "e1", sequence: 10 };
  latest().onclose?.({ code: 1006 });
  expect(socket.state).toMatchObject({ name: "waiting", attempt: 1 });
  await vi.advanceTimersByTimeAsync(199);
  expect(sockets).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1); // half of the first 400 ms
  expect(sockets).toHaveLength(2);
  latest().onopen?.();
  expect(latest().sent).toEqual([{ type: "auth", token: "t1", since }]);
});

test("waits longer with every failure, and never longer than the cap allows", async () => {
  socket.start();
  const delays: number[] = [];
  for (let failure = 0; failure < 8; failure += 1) {
    await settle();
    latest().onclose?.({ code: 1006 });
    if (socket.state.name !== "waiting") throw new Error("should wait");
    delays.push(socket.state.retryAt - Date.now());
    await vi.advanceTimersByTimeAsync(delays.at(-1)!);
  }
  expect(delays).toEqual([200, 400, 800, 1600, 3200, 4000, 4000, 4000]);
});

test("a connection that drops at once does not reset the delay, one that lasted does", async () => {
  await goLive();
  latest().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(200);
  latest().greets();
  latest().onclose?.({ code: 1006 });
  expect(socket.state).toMatchObject({ name: "waiting", attempt: 2 });
  await vi.advanceTimersByTimeAsync(400);
  latest().greets();
  await vi.advanceTimersByTimeAsync(10_000);
  latest().onclose?.({ code: 1006 });
  expect(socket.state).toMatchObject({ name: "waiting", attempt: 1 });
});

test("silence beyond the heartbeat is a dead connection, any frame a sign of life", async () => {
  await goLive();
  await vi.advanceTimersByTimeAsync(29_000);
  latest().says({ type: "heartbeat", sequence: 1, at: 1 });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(socket.state.name).toBe("live");
  await vi.advanceTimersByTimeAsync(1000);
  expect(socket.state.name).toBe("waiting");
  expect(sockets[0]!.isClosed).toBe(true);
});

test("a server that accepts but never greets is given up", async () => {
  socket.start();
  await settle();
  latest().onopen?.();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(socket.state.name).toBe("waiting");
});

test.each([4000, 4003, 4004, 4029, 4050])("%i: does not come back as it is", async (code) => {
  await goLive();
  latest().onclose?.({ code });
  expect(socket.state).toEqual({ name: "refused", code });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets).toHaveLength(1);
});

test.each([1001, 1012, 4008, 4100, 4102, 4103, 4999])("%i: comes back", async (code) => {
  await goLive();
  latest().onclose?.({ code });
  await vi.advanceTimersByTimeAsync(1000);
  expect(sockets).toHaveLength(2);
});

const goodbye = (ms: number) => ({ code: 4100, reason: `going away; retry_after_ms=${ms}` });

test("4100: comes back when the server said, neither sooner nor later", async () => {
  await goLive();
  latest().onclose?.(goodbye(1234));
  expect(socket.state).toMatchObject({ name: "waiting", retryAt: Date.now() + 1234, isAsked: true });
  await vi.advanceTimersByTimeAsync(1233);
  expect(sockets).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(sockets).toHaveLength(2);
});

test("4100: who is sent away before it was live waits longer and longer all the same", async () => {
  await goLive();
  const delays: number[] = [];
  for (let bounce = 0; bounce < 5; bounce += 1) {
    latest().onclose?.(goodbye(100));
    if (socket.state.name !== "waiting") throw new Error("should wait");
    delays.push(socket.state.retryAt - Date.now());
    await vi.advanceTimersByTimeAsync(delays.at(-1)!);
  }
  expect(delays).toEqual([100, 400, 800, 1600, 3200]);
});

test.each([
  { code: 4100, reason: "going away" },
  { code: 4100 },
  { code: 4100, reason: "going away; retry_after_ms=soon" },
  { code: 4100, reason: "going away; retry_after_ms=9999999" },
  { code: 4100, reason: "going away; retry_after_ms=-5" },
  { code: 4103, reason: "overloaded; retry_after_ms=60000" },
])("$code, $reason: no hint, so the back-off counts", async (close) => {
  await goLive();
  latest().onclose?.(close);
  expect(socket.state).toMatchObject({ retryAt: Date.now() + 200, isAsked: false });
});

test("4001: comes back at once with another token, and stays away when that is refused, too", async () => {
  socket.start();
  await settle();
  latest().onclose?.({ code: 4001 });
  await settle();
  expect(token).toHaveBeenLastCalledWith("t1");
  latest().onopen?.();
  expect(latest().sent).toEqual([{ type: "auth", token: "t2" }]);
  latest().onclose?.({ code: 4001 });
  expect(socket.state).toEqual({ name: "refused", code: 4001 });
});

test("4101: an expired token is renewed and the connection is back without delay", async () => {
  await goLive();
  latest().onclose?.({ code: 4101 });
  await settle();
  expect(token).toHaveBeenLastCalledWith("t1");
  latest().greets();
  expect(names()).toEqual(["connecting", "live", "connecting", "live"]);
  latest().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(token).toHaveBeenLastCalledWith(null);
});

test("without a token it waits and asks again", async () => {
  token.mockRejectedValueOnce(new Error("offline"));
  socket.start();
  await settle();
  expect(socket.state.name).toBe("waiting");
  await vi.advanceTimersByTimeAsync(200);
  expect(sockets).toHaveLength(1);
});

test("a probe that nobody answers drops the connection long before the heartbeat would", async () => {
  await goLive();
  socket.probe();
  expect(latest().sent.at(-1)).toEqual({ type: "ping" });
  latest().says({ type: "pong" });
  await vi.advanceTimersByTimeAsync(5000);
  expect(socket.state.name).toBe("live");
  socket.probe();
  await vi.advanceTimersByTimeAsync(4000);
  expect(socket.state.name).toBe("waiting");
});

test("a network that comes back ends the waiting, but changes nothing about a refusal", async () => {
  await goLive();
  latest().onclose?.({ code: 1006 });
  socket.probe();
  await settle();
  expect(sockets).toHaveLength(2);
  latest().greets();
  latest().onclose?.({ code: 4029 });
  socket.probe();
  await settle();
  expect(sockets).toHaveLength(2);
});

test("a retry by hand does not sit out the delay", async () => {
  await goLive();
  latest().onclose?.({ code: 4029 });
  socket.retryNow();
  await settle();
  expect(sockets).toHaveLength(2);
});

test("after stop nothing moves any more", async () => {
  await goLive();
  const { onmessage, onclose } = latest();
  socket.stop();
  expect([onmessage === null, onclose === null, latest().onclose]).toEqual([false, false, null]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(names()).toEqual(["connecting", "live", "idle"]);
});

test("where nobody signs in it says nothing, is live with the welcome, and asks anew where to go", async () => {
  const addresses: string[] = [];
  socket = new Socket({
    url: () => `ws://open?since=${addresses.length}`,
    token: null,
    since: () => null,
    onFrame: vi.fn(),
    onState: (state) => states.push(state),
    env: {
      open: (url) => {
        addresses.push(url);
        sockets.push(new FakeSocket());
        return latest();
      },
      random: () => 0.5,
      now: Date.now,
    },
  });
  socket.start();
  await settle();
  latest().onopen?.();
  expect(latest().sent).toEqual([]);
  latest().says({ type: "welcome", protocol: 1, epoch: "e1", heartbeat: 25, since: 0 });
  expect(names()).toEqual(["connecting", "live"]);
  latest().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(200);
  expect(addresses).toEqual(["ws://open?since=0", "ws://open?since=1"]);
});
