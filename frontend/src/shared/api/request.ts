import { ApiError, errorFrom, isAbort, unreachable } from "./errors";

export type RequestOptions = {
  body?: unknown;
  /** "session": send the access token, refreshing it when the server refuses it. */
  as?: "session" | "anyone";
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** Where access tokens come from; the session registers itself here, so that no import cycle is needed. */
export type TokenSource = {
  access: () => Promise<string>;
  /** A newer one; an AbortError where the refused one is of somebody who has gone. */
  renew: (refused: string) => Promise<string>;
};

let tokens: TokenSource | null = null;

export function takeTokensFrom(source: TokenSource): void {
  tokens = source;
}

const TIMEOUT_MS = 15_000;
const ROOT = "/api/v1/";

/** One call to the server: JSON in, JSON out, every failure an ApiError, but an AbortError if given up. */
export async function request<T>(
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  if (options.as !== "session") return send<T>(method, path, options);
  if (tokens === null) throw new ApiError(401, "not_authenticated", "Please sign in.");
  const token = await tokens.access();
  try {
    return await send<T>(method, path, options, token);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  }
  return send<T>(method, path, options, await tokens.renew(token));
}

async function send<T>(
  method: string,
  path: string,
  { body, headers, signal }: RequestOptions,
  token?: string,
): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const init: RequestInit = {
    method,
    // An edit that is under way is not lost by a reload.
    keepalive: method !== "GET",
    headers: {
      Accept: "application/json",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  };
  try {
    const response = await fetch(ROOT + path, init);
    if (!response.ok) throw await errorFrom(response);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof ApiError || isAbort(error)) throw error;
    // A body that breaks off, or is a page of the network's own, comes from no server of ours.
    throw unreachable();
  }
}
