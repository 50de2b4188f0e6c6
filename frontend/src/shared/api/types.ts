/** The REST shapes that the screen reads. */
export type User = { id: number; username: string; email: string; role: "user" | "staff" | "feeder" };

export type Security = {
  id: number;
  ticker: string;
  name: string;
  exchange: string;
  currency: string;
  is_active: boolean;
  last_price: string | null;
  previous_close: string | null;
  abs_change: string | null;
  pct_change: string | null;
  updated_at: number | null;
  sequence: number | null;
};

export type WatchlistItem = {
  ticker: string;
  name: string;
  exchange: string;
  currency: string;
  is_active: boolean;
  position: number;
  price: string | null;
  previous_close: string | null;
  abs_change: string | null;
  pct_change: string | null;
  updated_at: number | null;
  sequence: number | null;
};

export type PricePoint = { at: number; price: string; sequence: number };
