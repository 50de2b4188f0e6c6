import type { Security, WatchlistItem } from "@/shared/api/types";
import type { Quote } from "@/shared/protocol/frames";

const PRICES = {
  previous_close: "100.00",
  abs_change: "1.00",
  pct_change: "1.00",
  updated_at: 1_770_033_601_123,
};

export const quote = (ticker: string, price: string, sequence: number): Quote => ({
  ...PRICES,
  ticker,
  price,
  sequence,
});

export const item = (ticker: string, more: Partial<WatchlistItem> = {}): WatchlistItem => ({
  ...PRICES,
  ticker,
  name: `${ticker} Inc.`,
  exchange: "NASDAQ",
  currency: "USD",
  is_active: true,
  position: 0,
  price: "101.00",
  sequence: 1,
  ...more,
});

export const security = (ticker: string, name = `${ticker} Inc.`): Security => ({
  ...PRICES,
  id: 1,
  ticker,
  name,
  exchange: "NASDAQ",
  currency: "USD",
  is_active: true,
  last_price: "101.00",
  sequence: 1,
});
