import { afterEach, expect, test, vi } from "vitest";

import { messageOf } from "./errors";
import { request, takeTokensFrom } from "./request";

const answerWith = (...responses: Response[]): void => {
  vi.stubGlobal("fetch", () => Promise.resolve(responses.shift()));
};

const brokenOff = (): ReadableStream =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("[{"));
      controller.error(new TypeError("network error"));
    },
  });

afterEach(() => vi.unstubAllGlobals());

test.each([
  ["a page of the network's own", () => new Response("<html>Please sign in to this hotel</html>")],
  ["a body that breaks off", () => new Response(brokenOff())],
])("%s is no answer of the server", async (_, response) => {
  answerWith(response());
  const failure: unknown = await request("GET", "watchlist").catch((error: unknown) => error);
  expect(failure).toMatchObject({ status: 0, code: "unreachable" });
  expect(messageOf(failure)).toContain("Check your connection");
});

test("an error without a word of ours keeps its status", async () => {
  answerWith(new Response("<html>Bad gateway</html>", { status: 502 }));
  await expect(request("GET", "watchlist")).rejects.toMatchObject({ status: 502, code: "unknown" });
});

test("what was given up while its body came is no failure", async () => {
  const aborted = new Response();
  vi.spyOn(aborted, "json").mockRejectedValue(new DOMException("given up", "AbortError"));
  answerWith(aborted);
  await expect(request("GET", "watchlist")).rejects.toMatchObject({ name: "AbortError" });
});

test("a token that is refused is renewed once, and what then is refused is said", async () => {
  const renew = vi.fn(() => Promise.resolve("new"));
  takeTokensFrom({ access: () => Promise.resolve("old"), renew });
  const refused = () => Response.json({ code: "token_invalid", message: "No." }, { status: 401 });
  answerWith(refused(), refused());
  const failure = request("GET", "watchlist", { as: "session" });
  await expect(failure).rejects.toMatchObject({ status: 401, message: "No." });
  expect(renew.mock.calls).toEqual([["old"]]);
});
