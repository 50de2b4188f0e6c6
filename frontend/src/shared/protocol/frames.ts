/** WebSocket protocol 1, server to client. Prices are decimal strings, times integer milliseconds. */

/** What moves: in every `prices` frame. */
export type QuoteUpdate = {
  ticker: string;
  price: string | null;
  abs_change: string | null;
  pct_change: string | null;
  updated_at: number | null;
  sequence: number;
};

/** A whole quote: in snapshots and for added tickers. */
export type Quote = QuoteUpdate & {
  name?: string;
  currency?: string;
  previous_close?: string | null;
};

/** One jump of a price: from `reference`, the lowest or highest shortly before, to `price`. */
export type Anomaly = {
  id: number;
  ticker: string;
  direction: "up" | "down";
  at: number;
  price: string;
  reference: string;
  pct_change: string;
};

export type Frame =
  /** `since`, for anomalies: the id after which the connection goes on. */
  | { type: "welcome"; protocol: number; epoch: string; heartbeat: number; since?: number }
  /** In order of their ids, each once. */
  | { type: "anomalies"; anomalies: Anomaly[] }
  /** `tickers` is the whole list, in order; after a resume `quotes` are only the newer ones. */
  | { type: "snapshot"; sequence: number; tickers: string[]; quotes: Quote[] }
  /** `sequence`: everything up to it has been sent; null if the server does not say. */
  | { type: "prices"; sequence: number | null; quotes: Quote[] }
  /** `tickers`: the whole list as it is now, in order; `epoch` names it, for coming back to it. */
  | { type: "watchlist"; epoch: string; tickers: string[]; added: Quote[]; removed: string[] }
  /**
   * `stale_since`: the server itself has had no new prices since then; `delayed_since`: it runs, but
   * the source that it asks has been in trouble since then.
   */
  | {
      type: "heartbeat";
      sequence: number;
      at: number;
      stale_since: number | null;
      delayed_since: number | null;
    }
  | { type: "pong" }
  | { type: "error"; code: string; message: string; ticker: string | null };

/** Where a connection was when it broke: the server then sends only what is newer. */
export type Since = { epoch: string; sequence: number };

export type ClientMessage = { type: "auth"; token: string; since?: Since } | { type: "ping" };
