import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { request, takeTokensFrom } from "@/shared/api/request";
import { fakeFetch } from "@/testing/fakeFetch";

import { Session } from "./session";
import { maybeSignedIn, rememberSignIn } from "./signedInBefore";

const ada = { id: 1, username: "ada", email: "", role: "user" as const };
const refused = { status: 401, body: { code: "token_invalid", message: "No." } };

let session: Session;
let issued: number;

const renewed = () => {
  issued += 1;
  return { body: { access: jwt(issued, 900) } };
};

function jwt(number: number, lifetimeSeconds: number): string {
  // Another clock than ours: only the distance between the two times may count.
  const claims = { iat: 5000, exp: 5000 + lifetimeSeconds, number };
  return `h.${btoa(JSON.stringify(claims))}.s`;
}

beforeEach(() => {
  vi.useFakeTimers();
  rememberSignIn();
  issued = 0;
  session = new Session();
  takeTokensFrom(session);
});

afterEach(() => {
  session.end(null);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("the cookie brings a session back, and no script ever sees the refresh token", async () => {
  const calls = fakeFetch({ "POST auth/refresh": renewed, "GET auth/me": () => ({ body: ada }) });
  await session.start();
  expect(session.state.get()).toEqual({ name: "signed-in", user: ada });
  expect(calls[0]?.headers.get("X-Token-Transport")).toBe("cookie");
  expect(calls[0]?.body).toEqual({});
});

test("without a cookie one is signed out, without a word", async () => {
  fakeFetch({ "POST auth/refresh": () => refused });
  await session.start();
  expect(session.state.get()).toEqual({ name: "signed-out", notice: null });
});

test("who has never signed in here is signed out, and nobody is asked", async () => {
  session.end(null);
  const calls = fakeFetch({ "POST auth/refresh": () => refused });
  await session.start();
  expect(session.state.get()).toEqual({ name: "signed-out", notice: null });
  expect(calls).toEqual([]);
});

test("a sign-in is remembered until it is over, however that comes", async () => {
  session.end(null);
  expect(maybeSignedIn()).toBe(false);
  session.signIn({ access: jwt(0, 900), user: ada });
  expect(maybeSignedIn()).toBe(true);
  fakeFetch({ "POST auth/logout": () => ({ status: 204 }) });
  await session.signOut();
  expect(maybeSignedIn()).toBe(false);
  session.signIn({ access: jwt(0, 900), user: ada });
  fakeFetch({ "POST auth/refresh": () => refused });
  await session.renew(jwt(0, 900)).catch(() => undefined);
  expect(maybeSignedIn()).toBe(false);
});

test("a server that is away is no reason to forget a sign-in", async () => {
  fakeFetch({});
  await session.start();
  expect(maybeSignedIn()).toBe(true);
});

test("where the browser keeps nothing for us, the server is asked", async () => {
  vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
    throw new DOMException("denied", "SecurityError");
  });
  fakeFetch({ "POST auth/refresh": renewed, "GET auth/me": () => ({ body: ada }) });
  await session.start();
  expect(session.state.get().name).toBe("signed-in");
});

test("a server that is away signs nobody out: it says so and tries again", async () => {
  fakeFetch({});
  await session.start();
  expect(session.state.get()).toMatchObject({ name: "starting", problem: expect.any(String) });
  fakeFetch({ "POST auth/refresh": renewed, "GET auth/me": () => ({ body: ada }) });
  await vi.advanceTimersByTimeAsync(3000);
  expect(session.state.get().name).toBe("signed-in");
});

test("a server that stays away is asked ever less often, and never sooner than it wants", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const calls = fakeFetch({ "POST auth/refresh": () => ({ status: 503 }) });
  await session.start();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls.length).toBeLessThan(20);
  calls.length = 0;
  const later = fakeFetch({
    "POST auth/refresh": () => ({ status: 503, headers: { "Retry-After": "300" } }),
  });
  await vi.advanceTimersByTimeAsync(300_000);
  expect(later).toHaveLength(1);
});

test("a page that wakes does not sit out what a server that was away had it wait", async () => {
  fakeFetch({ "POST auth/refresh": () => ({ status: 503, headers: { "Retry-After": "300" } }) });
  await session.start();
  fakeFetch({ "POST auth/refresh": renewed, "GET auth/me": () => ({ body: ada }) });
  window.dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(session.state.get().name).toBe("signed-in");
});

test("where only the user could not be read, the token is not renewed again", async () => {
  let isAway = true;
  const calls = fakeFetch({
    "POST auth/refresh": renewed,
    "GET auth/me": () => (isAway ? { status: 503 } : { body: ada }),
  });
  await session.start();
  isAway = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(session.state.get().name).toBe("signed-in");
  expect(calls.map(({ path }) => path)).toEqual(["auth/refresh", "auth/me", "auth/me"]);
  await vi.advanceTimersByTimeAsync(840_000);
  expect(calls.at(-1)?.path).toBe("auth/refresh");
});

test("many who need a token at once cause one refresh", async () => {
  const calls = fakeFetch({ "POST auth/refresh": renewed });
  session.signIn({ access: jwt(0, 900), user: ada });
  vi.setSystemTime(Date.now() + 900_000);
  const tokens = await Promise.all([session.access(), session.access(), session.renew(jwt(0, 900))]);
  expect(new Set(tokens).size).toBe(1);
  expect(calls).toHaveLength(1);
});

test("a token is renewed a minute before it ends, without anybody asking", async () => {
  const calls = fakeFetch({ "POST auth/refresh": renewed });
  session.signIn({ access: jwt(0, 900), user: ada });
  await vi.advanceTimersByTimeAsync(839_000);
  expect(calls).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2000);
  expect(calls).toHaveLength(1);
  expect(await session.access()).toBe(jwt(1, 900));
});

test("a call whose token is refused goes again with a new one", async () => {
  const calls = fakeFetch({
    "POST auth/refresh": renewed,
    "GET watchlist": ({ headers }) =>
      headers.get("Authorization") === `Bearer ${jwt(1, 900)}` ? { body: [] } : refused,
  });
  session.signIn({ access: jwt(0, 900), user: ada });
  expect(await request("GET", "watchlist", { as: "session" })).toEqual([]);
  expect(calls.map(({ path }) => path)).toEqual(["watchlist", "auth/refresh", "watchlist"]);
});

test("when the refresh is refused the session is over, and says so", async () => {
  fakeFetch({ "POST auth/refresh": () => refused, "GET watchlist": () => refused });
  session.signIn({ access: jwt(0, 900), user: ada });
  await expect(request("GET", "watchlist", { as: "session" })).rejects.toMatchObject({ status: 401 });
  expect(session.state.get()).toMatchObject({
    name: "signed-out",
    notice: expect.stringContaining("ended"),
  });
});

test("a refresh that fails for want of a network leaves the session alone", async () => {
  fakeFetch({ "GET watchlist": () => refused });
  session.signIn({ access: jwt(0, 900), user: ada });
  await expect(request("GET", "watchlist", { as: "session" })).rejects.toMatchObject({ status: 0 });
  expect(session.state.get().name).toBe("signed-in");
});

test("tabs take turns, so that no late answer brings back a cookie that has been used", async () => {
  const locks: string[] = [];
  const lock = { request: (name: string, task: () => unknown) => (locks.push(name), task()) };
  vi.stubGlobal("navigator", { locks: lock });
  fakeFetch({ "POST auth/refresh": renewed });
  await session.access();
  expect(locks).toEqual(["tickwatch-refresh"]);
});

test("signing out tells the server, and stays signed in when that cannot be told", async () => {
  session.signIn({ access: jwt(0, 900), user: ada });
  fakeFetch({});
  await expect(session.signOut()).rejects.toMatchObject({ code: "unreachable" });
  expect(session.state.get().name).toBe("signed-in");
  const calls = fakeFetch({ "POST auth/logout": () => ({ status: 204 }) });
  await session.signOut();
  expect(calls[0]?.headers.get("X-Token-Transport")).toBe("cookie");
  expect(session.state.get()).toEqual({ name: "signed-out", notice: null });
});

test("an own sign-out needs no word, though the socket hears of it first or the answer is lost", async () => {
  for (const answer of [() => ({ status: 204 }), () => Promise.reject(new TypeError("lost"))]) {
    session.signIn({ access: jwt(0, 900), user: ada });
    const told = () => session.end("You have signed out.");
    fakeFetch({ "POST auth/logout": () => (told(), answer()) });
    await session.signOut();
    expect(session.state.get()).toEqual({ name: "signed-out", notice: null });
  }
  session.end("You have signed out.");
  expect(session.state.get()).toMatchObject({ notice: "You have signed out." });
});

test.each([
  ["taken for", () => ({ body: { access: jwt(1, 900) } })],
  ["held against", () => refused],
])("what became of one's refresh is not %s whoever comes next", async (_, answer) => {
  const bob = { ...ada, id: 2, username: "bob" };
  const answered: (() => void)[] = [];
  fakeFetch({
    "POST auth/refresh": async () => {
      await new Promise<void>((resolve) => answered.push(resolve));
      return answer();
    },
  });
  session.signIn({ access: jwt(0, 900), user: ada });
  const renewed = session.renew(jwt(0, 900));
  renewed.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  session.end(null);
  session.signIn({ access: jwt(7, 900), user: bob });
  answered[0]?.();
  await expect(renewed).rejects.toBeDefined();
  expect(session.state.get()).toEqual({ name: "signed-in", user: bob });
  expect(await session.access()).toBe(jwt(7, 900));
});

test("a call of one's that is refused is not sent again for whoever comes next", async () => {
  const answered: (() => void)[] = [];
  const calls = fakeFetch({
    "DELETE watchlist/KO": () => new Promise((resolve) => answered.push(() => resolve(refused))),
  });
  session.signIn({ access: jwt(0, 900), user: ada });
  const removed = request("DELETE", "watchlist/KO", { as: "session" });
  await vi.advanceTimersByTimeAsync(0);
  session.end(null);
  session.signIn({ access: jwt(7, 900), user: { ...ada, id: 2, username: "bob" } });
  answered[0]?.();
  await expect(removed).rejects.toMatchObject({ name: "AbortError" });
  expect(calls.map(({ headers }) => headers.get("Authorization"))).toEqual([`Bearer ${jwt(0, 900)}`]);
});

test("who was here before another tab signed somebody in does not come back", async () => {
  const { listeners } = stubTabs();
  const bob = { ...ada, id: 2, username: "bob" };
  const users = [ada, bob];
  const answered: (() => void)[] = [];
  fakeFetch({
    "POST auth/refresh": renewed,
    "GET auth/me": async () => {
      const body = users.shift();
      if (body === ada) await new Promise<void>((resolve) => answered.push(resolve));
      return { body };
    },
  });
  const late = new Session();
  late.followOtherTabs();
  const started = late.start();
  await vi.advanceTimersByTimeAsync(0);
  for (const listener of listeners) listener();
  await vi.advanceTimersByTimeAsync(0);
  answered[0]?.();
  await started;
  expect(late.state.get()).toEqual({ name: "signed-in", user: bob });
  late.end(null);
});

function stubTabs(): { listeners: (() => void)[] } {
  const listeners: (() => void)[] = [];
  const channel = class {
    postMessage = vi.fn();
    addEventListener(_: string, listener: () => void): void {
      listeners.push(listener);
    }
  };
  vi.stubGlobal("BroadcastChannel", channel);
  return { listeners };
}
