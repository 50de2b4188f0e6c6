/** The frames and messages here against docs/asyncapi.yaml, by its examples. */
import { beforeEach, expect, test, vi } from "vitest";

import examples from "../../../protocol-examples.json";

import type { ClientMessage, Frame } from "./frames";
import { parseFrame } from "./parse";

const warn = vi.fn();

beforeEach(() => {
  warn.mockClear();
  vi.spyOn(console, "warn").mockImplementation(warn);
});

/** tsc holds these two against the unions, the tests below against the document. */
const FRAMES: Record<Frame["type"], true> = {
  welcome: true,
  snapshot: true,
  prices: true,
  watchlist: true,
  anomalies: true,
  heartbeat: true,
  pong: true,
  error: true,
};

const MESSAGES: { [T in ClientMessage["type"]]: Required<Extract<ClientMessage, { type: T }>> } = {
  auth: { type: "auth", token: "t", since: { epoch: "e", sequence: 1 } },
  ping: { type: "ping" },
};

test("the frames known here are those of the document", () => {
  expect(Object.keys(FRAMES).sort()).toEqual(Object.keys(examples.server).sort());
});

test.each(Object.values(examples.server).flat())("$type is read with all of its fields", (frame) => {
  expect(parseFrame(JSON.stringify(frame))).toMatchObject(frame);
  expect(warn).not.toHaveBeenCalled();
});

test("what is said here are the messages of the document, field by field", () => {
  expect(Object.keys(MESSAGES).sort()).toEqual(Object.keys(examples.client).sort());
  for (const type of ["auth", "ping"] as const) {
    expect(examples.client[type].map(shape)).toContainEqual(shape(MESSAGES[type]));
  }
});

/** A value with the names of types in place of its texts and numbers. */
function shape(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shape(part)]));
}
