import { ApiError } from "@/shared/api/errors";
import { request } from "@/shared/api/request";

/** Removes a ticker. That another tab was faster is no error. */
export async function removeFromWatchlist(ticker: string): Promise<void> {
  try {
    await request("DELETE", `watchlist/${encodeURIComponent(ticker)}`, { as: "session" });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "not_on_watchlist")) throw error;
  }
}
