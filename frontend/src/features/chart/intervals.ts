import type { HistoryInterval } from "@/shared/api/types";

/** What the chart can be drawn of: every price, or candles of so many seconds. */
export const INTERVALS = [
  { name: "Tick", value: "tick", title: "Every price" },
  { name: "1m", value: "1m", title: "Candles of a minute" },
  { name: "5m", value: "5m", title: "Candles of five minutes" },
  { name: "1h", value: "1h", title: "Candles of an hour" },
  { name: "1d", value: "1d", title: "Candles of a day (UTC)" },
] as const satisfies readonly { name: string; value: HistoryInterval; title: string }[];

export type CandleInterval = Exclude<HistoryInterval, "tick">;

export const SECONDS: Record<CandleInterval, number> = {
  "1m": 60,
  "5m": 300,
  "1h": 3_600,
  "1d": 86_400,
};
