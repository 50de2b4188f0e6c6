import { request } from "./request";
import type { Candle, HistoryInterval, PricePoint } from "./types";

type Wanted = { limit: number; signal?: AbortSignal };

/** The newest `limit` recorded prices of a ticker, oldest first. */
export function getHistory(ticker: string, wanted: Wanted): Promise<PricePoint[]> {
  return read(ticker, "tick", wanted);
}

/** The newest `limit` candles of a ticker, oldest first. The last one is not finished. */
export function getCandles(
  ticker: string,
  { interval, ...wanted }: Wanted & { interval: Exclude<HistoryInterval, "tick"> },
): Promise<Candle[]> {
  return read(ticker, interval, wanted);
}

function read<Item>(
  ticker: string,
  interval: HistoryInterval,
  { limit, signal }: Wanted,
): Promise<Item[]> {
  const path = `securities/${encodeURIComponent(ticker)}/history?interval=${interval}&limit=${limit}`;
  return request("GET", path, signal === undefined ? {} : { signal });
}
