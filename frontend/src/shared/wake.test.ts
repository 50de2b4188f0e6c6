import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { onTimeOrWake, onWake } from "./wake";

const listener = vi.fn();
let stop: () => void;

const hide = (isHidden: boolean): void => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
  document.dispatchEvent(new Event("visibilitychange"));
};

const sleep = (): void => {
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(5000);
};

beforeEach(() => {
  vi.useFakeTimers();
  listener.mockReset();
  stop = onWake(listener);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("calls when somebody looks again and when the network changes", () => {
  hide(true);
  expect(listener).not.toHaveBeenCalled();
  hide(false);
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  expect(listener).toHaveBeenCalledTimes(3);
});

test("calls once after a sleep of which no event tells", () => {
  vi.advanceTimersByTime(60_000);
  expect(listener).not.toHaveBeenCalled();
  sleep();
  expect(listener).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(60_000);
  expect(listener).toHaveBeenCalledOnce();
});

test("calls once after a sleep of which an event tells, too", () => {
  vi.setSystemTime(Date.now() + 3_600_000);
  hide(false);
  vi.advanceTimersByTime(5000);
  expect(listener).toHaveBeenCalledOnce();
});

test("does not call for a page that nobody sees, whose timers are held back anyway", () => {
  hide(true);
  sleep();
  expect(listener).not.toHaveBeenCalled();
});

test("calls nobody who has stopped it", () => {
  stop();
  window.dispatchEvent(new Event("online"));
  sleep();
  expect(listener).not.toHaveBeenCalled();
});

test("what waits for a time or a wake comes once, by whichever is first, unless called off", () => {
  const act = vi.fn();
  onTimeOrWake(1000, act);
  onTimeOrWake(5000, act);
  onTimeOrWake(5000, act)();
  vi.advanceTimersByTime(1000);
  window.dispatchEvent(new Event("online"));
  vi.advanceTimersByTime(60_000);
  window.dispatchEvent(new Event("online"));
  expect(act.mock.calls).toEqual([[false], [true]]);
});
