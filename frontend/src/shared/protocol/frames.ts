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
  exchange?: string;
  previous_close?: string | null;
};

export type Frame =
  | { type: "welcome"; protocol: number; epoch: string; heartbeat: number }
  | { type: "snapshot"; sequence: number; quotes: Quote[] }
  | { type: "prices"; quotes: Quote[] }
  | { type: "watchlist"; added: Quote[]; removed: string[] }
  | { type: "heartbeat"; sequence: number; at: number }
  | { type: "pong" }
  | { type: "error"; code: string; message: string; ticker: string | null };

/** Where a connection was when it broke: the server then sends only what is newer. */
export type Since = { epoch: string; sequence: number };

export type ClientMessage = { type: "auth"; token: string; since?: Since } | { type: "ping" };
