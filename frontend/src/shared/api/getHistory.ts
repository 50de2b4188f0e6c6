import { request } from "./request";
import type { PricePoint } from "./types";

/** The newest `limit` recorded prices of a ticker, oldest first. */
export function getHistory(
  ticker: string,
  { limit, signal }: { limit: number; signal?: AbortSignal },
): Promise<PricePoint[]> {
  const path = `securities/${encodeURIComponent(ticker)}/history?limit=${limit}`;
  return request("GET", path, signal === undefined ? {} : { signal });
}
