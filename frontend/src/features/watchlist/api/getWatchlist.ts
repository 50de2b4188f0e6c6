import { request } from "@/shared/api/request";
import type { WatchlistItem } from "@/shared/api/types";

/** The signed-in user's list by position, each with its newest price. */
export const getWatchlist = (): Promise<WatchlistItem[]> =>
  request("GET", "watchlist", { as: "session" });
