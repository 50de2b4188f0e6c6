import { request } from "@/shared/api/request";
import type { AnomalyPage } from "@/shared/api/types";
import type { Anomaly } from "@/shared/protocol/frames";

const LIMIT = 200;

/** The newest anomalies of a ticker, oldest first. */
export async function getAnomalies(ticker: string, signal: AbortSignal): Promise<Anomaly[]> {
  const path = `anomalies?ticker=${encodeURIComponent(ticker)}&limit=${LIMIT}`;
  const { results } = await request<AnomalyPage>("GET", path, { signal });
  return results.reverse();
}
