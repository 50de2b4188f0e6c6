import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "./api/errors";
import { readPersistently, retryMs } from "./retry";

const refusal = (status: number, retryAfterSeconds: number | null = null) =>
  new ApiError(status, "code", "Not now.", {}, retryAfterSeconds);

const read = vi.fn<(signal: AbortSignal) => Promise<string>>();
const onRead = vi.fn();
const onProblem = vi.fn();
const after = (ms: number) => vi.advanceTimersByTimeAsync(ms);
let giveUp: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  for (const mock of [read, onRead, onProblem]) mock.mockReset();
  read.mockRejectedValue(refusal(503));
  giveUp = readPersistently({ read, onRead, onProblem });
});

afterEach(() => {
  giveUp();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("the waits are random, and grow up to a minute", () => {
  const waits = (): unknown[] => [0, 1, 2, 7, 8, 2000].map((failures) => retryMs(refusal(0), failures));
  expect(waits()).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
  vi.mocked(Math.random).mockReturnValue(1);
  expect(waits()).toEqual([400, 800, 1600, 51_200, 60_000, 60_000]);
});

test.each([429, 503])("nobody comes back sooner after a %i than was asked, nor all at once", (status) => {
  expect(retryMs(refusal(status, 60), 0)).toBe(60_200);
  vi.mocked(Math.random).mockReturnValue(1);
  expect(retryMs(refusal(status, 60), 0)).toBe(60_400);
});

test("what the server holds against a request is not repeated, what is not its word is", () => {
  for (const status of [400, 401, 403, 404, 409]) expect(retryMs(refusal(status), 0)).toBeNull();
  for (const error of [refusal(0), refusal(500), new Error("away")]) expect(retryMs(error, 0)).toBe(200);
});

test("reads until it has succeeded, and then no more", async () => {
  await after(199);
  expect(read).toHaveBeenCalledTimes(1);
  await after(1);
  expect(read).toHaveBeenCalledTimes(2);
  expect(onProblem).toHaveBeenCalledTimes(2);
  read.mockResolvedValue("found");
  await after(400);
  expect(onRead).toHaveBeenCalledExactlyOnceWith("found");
  window.dispatchEvent(new Event("online"));
  await after(600_000);
  expect(read).toHaveBeenCalledTimes(3);
});

test("ten minutes of a server that is away cost some dozens of requests, of one that says no, one", async () => {
  await after(600_000);
  expect(read.mock.calls.length).toBeLessThan(40);
  read.mockRejectedValue(refusal(404));
  await after(60_000);
  read.mockClear();
  window.dispatchEvent(new Event("online"));
  await after(600_000);
  expect(read).not.toHaveBeenCalled();
});

test("a wake does not sit out the wait, and what follows begins small", async () => {
  await after(60_000);
  read.mockClear();
  window.dispatchEvent(new Event("online"));
  expect(read).toHaveBeenCalledTimes(1);
  await after(200);
  expect(read).toHaveBeenCalledTimes(2);
});

test("who gives up is told nothing any more, whatever comes", async () => {
  await after(0);
  onProblem.mockReset();
  let fail: (error: Error) => void = () => undefined;
  read.mockReturnValue(new Promise((_, reject) => (fail = reject)));
  await after(200);
  giveUp();
  expect(read.mock.lastCall?.[0].aborted).toBe(true);
  fail(refusal(503));
  window.dispatchEvent(new Event("online"));
  await after(600_000);
  expect(onProblem).not.toHaveBeenCalled();
  expect(read).toHaveBeenCalledTimes(2);
});
