import { request } from "./request";
import type { Market } from "./types";

/** Whether there is trade, and until when. */
export function getMarket(signal: AbortSignal): Promise<Market> {
  return request("GET", "market", { signal });
}
