import { request } from "./request";
import type { Security } from "./types";

/** Best match first; an empty query lists securities by ticker. */
export function searchSecurities(
  query: string,
  { limit = 8, signal }: { limit?: number; signal?: AbortSignal } = {},
): Promise<Security[]> {
  const params = new URLSearchParams({ q: query, limit: String(limit) });
  return request("GET", `securities?${params.toString()}`, signal === undefined ? {} : { signal });
}
