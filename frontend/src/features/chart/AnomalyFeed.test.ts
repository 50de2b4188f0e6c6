import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "@/shared/api/errors";
import type { Anomaly } from "@/shared/protocol/frames";
import { FakeSocket } from "@/testing/FakeSocket";

import { AnomalyFeed } from "./AnomalyFeed";
import { getAnomalies } from "./api/getAnomalies";

vi.mock("./api/getAnomalies");

let addresses: string[];
let sockets: FakeSocket[];
let shown: number[];
let random: number;
let feed: AnomalyFeed;

const latest = (): FakeSocket => sockets.at(-1)!;
const settle = () => vi.advanceTimersByTimeAsync(0);

const jump = (id: number): Anomaly => ({
  id,
  ticker: "BRK.B",
  direction: "up",
  at: id * 1000,
  price: "10.30",
  reference: "10.00",
  pct_change: "3.00",
});

function welcomes(since: number, epoch = "e1"): void {
  latest().onopen?.();
  latest().says({ type: "welcome", protocol: 1, epoch, heartbeat: 25, since });
}

beforeEach(() => {
  vi.useFakeTimers();
  random = 0;
  vi.spyOn(Math, "random").mockReturnValue(1);
  vi.mocked(getAnomalies).mockReset();
  [addresses, sockets, shown] = [[], [], []];
  feed = new AnomalyFeed("BRK.B", {
    onChange: (anomalies) => (shown = anomalies.map(({ id }) => id)),
    env: {
      open: (url) => {
        addresses.push(new URL(url).search);
        sockets.push(new FakeSocket());
        return latest();
      },
      random: () => random,
      now: Date.now,
    },
  });
});

afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

test("what is found shows though the past cannot be read, which is shown as soon as it can", async () => {
  vi.mocked(getAnomalies).mockRejectedValueOnce(new Error("away"));
  vi.mocked(getAnomalies).mockResolvedValueOnce([jump(7), jump(40), jump(41), jump(42)]);
  feed.start();
  await settle();
  expect(addresses).toEqual(["?ticker=BRK.B"]);
  welcomes(40);
  latest().says({ type: "anomalies", anomalies: [jump(41)] });
  expect(shown).toEqual([41]);
  latest().onclose?.({ code: 1006 });
  await settle();
  expect(addresses[1]).toBe("?ticker=BRK.B&since=41");
  welcomes(42);
  await vi.advanceTimersByTimeAsync(400);
  latest().says({ type: "anomalies", anomalies: [jump(42)] });
  expect(shown).toEqual([7, 40, 41, 42]);
  expect(addresses).toHaveLength(2);
});

test("where the past is refused for good, what is found shows all the same", async () => {
  vi.mocked(getAnomalies).mockRejectedValue(new ApiError(403, "forbidden", "No."));
  feed.start();
  await settle();
  welcomes(40);
  latest().says({ type: "anomalies", anomalies: [jump(41)] });
  expect(shown).toEqual([41]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(getAnomalies).toHaveBeenCalledOnce();
});

test("it goes on after the newest that it has read, and after an interruption where it was", async () => {
  vi.mocked(getAnomalies).mockResolvedValue([jump(5), jump(7)]);
  feed.start();
  await settle();
  expect(addresses).toEqual(["?ticker=BRK.B&since=7"]);
  welcomes(7);
  latest().says({ type: "anomalies", anomalies: [jump(9), jump(12)] });
  expect(shown).toEqual([5, 7, 9, 12]);
  latest().onclose?.({ code: 4102 });
  await settle();
  expect(addresses[1]).toBe("?ticker=BRK.B&since=12");
});

test("in another life of the server what holds is read anew, and followed from there", async () => {
  random = 0.5;
  vi.mocked(getAnomalies).mockResolvedValueOnce([jump(88), jump(90)]);
  vi.mocked(getAnomalies).mockResolvedValueOnce([jump(2), jump(3)]);
  feed.start();
  await settle();
  welcomes(90);
  const before = latest();
  before.says({ type: "welcome", protocol: 1, epoch: "e2", heartbeat: 25, since: 3 });
  expect(before.isClosed).toBe(true);
  await vi.advanceTimersByTimeAsync(2499);
  expect([shown, addresses.length]).toEqual([[88, 90], 1]);
  await vi.advanceTimersByTimeAsync(1);
  expect(shown).toEqual([2, 3]);
  expect(addresses[1]).toBe("?ticker=BRK.B&since=3");
  welcomes(3, "e2");
  latest().says({ type: "anomalies", anomalies: [jump(4)] });
  expect(shown).toEqual([2, 3, 4]);
  welcomes(4, "e3");
  feed.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(getAnomalies).toHaveBeenCalledTimes(2);
});

test("where the past of another life cannot be read, what was shown stays until it can", async () => {
  vi.mocked(getAnomalies).mockResolvedValueOnce([jump(90)]);
  vi.mocked(getAnomalies).mockRejectedValueOnce(new Error("away"));
  vi.mocked(getAnomalies).mockResolvedValueOnce([jump(95), jump(96)]);
  feed.start();
  await settle();
  welcomes(90);
  welcomes(95, "e2");
  await settle();
  expect([shown, addresses[1]]).toEqual([[90], "?ticker=BRK.B"]);
  welcomes(95, "e2");
  latest().says({ type: "anomalies", anomalies: [jump(96)] });
  expect(shown).toEqual([90, 96]);
  window.dispatchEvent(new Event("online"));
  await settle();
  expect(shown).toEqual([95, 96]);
});

test("who has not begun to follow holds neither a timer nor a listener", () => {
  expect(vi.getTimerCount()).toBe(0);
});

test("a connection that did not outlive a sleep is opened anew", async () => {
  vi.mocked(getAnomalies).mockResolvedValue([jump(7)]);
  feed.start();
  await settle();
  welcomes(7);
  window.dispatchEvent(new Event("online"));
  expect(latest().sent).toEqual([{ type: "ping" }]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(addresses).toHaveLength(2);
});

test("who has left opens no socket", async () => {
  vi.mocked(getAnomalies).mockResolvedValue([]);
  feed.start();
  feed.stop();
  await settle();
  expect(sockets).toEqual([]);
});

test("the oldest are forgotten", async () => {
  vi.mocked(getAnomalies).mockResolvedValue(Array.from({ length: 500 }, (_, n) => jump(n + 1)));
  feed.start();
  await settle();
  welcomes(500);
  latest().says({ type: "anomalies", anomalies: [jump(501)] });
  expect(shown).toHaveLength(500);
  expect(shown.at(-1)).toBe(501);
});
