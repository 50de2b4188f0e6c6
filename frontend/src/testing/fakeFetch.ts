import { vi } from "vitest";

export type Call = { method: string; path: string; body: unknown; headers: Headers };
export type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };
type Handler = (call: Call) => Answer | Promise<Answer>;

/** Replaces fetch; answers by "METHOD path" (path without /api/v1/ and query) and notes every call. */
export function fakeFetch(handlers: Record<string, Handler>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const path = url.replace("/api/v1/", "");
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const call = { method: init.method ?? "GET", path, body, headers: new Headers(init.headers) };
    calls.push(call);
    const handler = handlers[`${call.method} ${path.split("?")[0] ?? ""}`];
    if (handler === undefined) throw new TypeError("Failed to fetch");
    const { status = 200, body: answer, headers } = await handler(call);
    init.signal?.throwIfAborted();
    const text = answer === undefined ? null : JSON.stringify(answer);
    return new Response(text, { status, ...(headers === undefined ? {} : { headers }) });
  });
  return calls;
}
