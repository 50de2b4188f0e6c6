import { request } from "@/shared/api/request";
import type { WatchlistItem } from "@/shared/api/types";

/** Adds a ticker, at the end or at a position. Adding twice is not an error. */
export const putOnWatchlist = (ticker: string, position?: number): Promise<WatchlistItem> =>
  request("PUT", `watchlist/${encodeURIComponent(ticker)}`, {
    as: "session",
    body: position === undefined ? {} : { position },
  });
