import {
  BadFrame,
  decimal,
  decimalOrNull,
  type Fields,
  integer,
  integerOrNull,
  list,
  positive,
  record,
  text,
} from "./fields";
import type { Anomaly, Frame, Quote } from "./frames";

/**
 * What the server said, or null when this page cannot use it: an unknown type (a newer server) or
 * a broken frame is reported on the console and never stops the screen.
 */
export function parseFrame(data: unknown): Frame | null {
  try {
    if (typeof data !== "string") throw new BadFrame("frame is not text");
    const fields = record(JSON.parse(data), "frame");
    const type = text(fields, "type");
    const read = Object.hasOwn(readers, type) ? readers[type as Frame["type"]] : null;
    if (read !== null) return read(fields);
    console.warn(`Ignored a frame of unknown type "${type}".`);
  } catch (error) {
    if (!(error instanceof BadFrame || error instanceof SyntaxError)) throw error;
    console.warn(`Ignored a broken frame: ${error.message}.`);
  }
  return null;
}

const readers: { [T in Frame["type"]]: (fields: Fields) => Extract<Frame, { type: T }> } = {
  welcome: (fields) => ({
    type: "welcome",
    protocol: integer(fields, "protocol"),
    epoch: text(fields, "epoch"),
    heartbeat: positive(fields, "heartbeat"),
    ...(fields.since === undefined ? {} : { since: integer(fields, "since") }),
  }),
  anomalies: (fields) => ({
    type: "anomalies",
    anomalies: list(fields, "anomalies", readAnomaly),
  }),
  snapshot: (fields) => {
    const sequence = integer(fields, "sequence");
    const quotes = list(fields, "quotes", readQuote);
    const tickers =
      fields.tickers === undefined
        ? quotes.map(({ ticker }) => ticker)
        : list(fields, "tickers", String);
    return { type: "snapshot", sequence, tickers, quotes };
  },
  prices: (fields) => ({
    type: "prices",
    sequence: integerOrNull(fields, "sequence"),
    quotes: list(fields, "quotes", readQuote),
  }),
  watchlist: (fields) => ({
    type: "watchlist",
    epoch: text(fields, "epoch"),
    tickers: list(fields, "tickers", String),
    added: list(fields, "added", readQuote),
    removed: list(fields, "removed", String),
  }),
  heartbeat: (fields) => ({
    type: "heartbeat",
    sequence: integer(fields, "sequence"),
    at: integer(fields, "at"),
    stale_since: integerOrNull(fields, "stale_since"),
    delayed_since: integerOrNull(fields, "delayed_since"),
  }),
  pong: () => ({ type: "pong" }),
  error: (fields) => ({
    type: "error",
    code: text(fields, "code"),
    message: text(fields, "message"),
    ticker: typeof fields.ticker === "string" ? fields.ticker : null,
  }),
};

function readAnomaly(item: unknown): Anomaly {
  const fields = record(item, "anomaly");
  return {
    id: integer(fields, "id"),
    ticker: text(fields, "ticker"),
    direction: text(fields, "direction") === "down" ? "down" : "up",
    at: integer(fields, "at"),
    price: decimal(fields, "price"),
    reference: decimal(fields, "reference"),
    pct_change: decimal(fields, "pct_change"),
  };
}

function readQuote(item: unknown): Quote {
  const fields = record(item, "quote");
  const quote: Quote = {
    ticker: text(fields, "ticker"),
    price: decimalOrNull(fields, "price"),
    abs_change: decimalOrNull(fields, "abs_change"),
    pct_change: decimalOrNull(fields, "pct_change"),
    updated_at: integerOrNull(fields, "updated_at"),
    sequence: integerOrNull(fields, "sequence") ?? 0,
  };
  if ("previous_close" in fields) quote.previous_close = decimalOrNull(fields, "previous_close");
  for (const name of ["name", "currency"] as const) {
    if (name in fields) quote[name] = text(fields, name);
  }
  return quote;
}
