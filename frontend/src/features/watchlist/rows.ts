import type { Security } from "@/shared/api/types";
import type { Quote } from "@/shared/protocol/frames";

/** What stands still in a row; what moves lives in the price store. */
export type Row = { ticker: string; name: string; exchange: string; currency: string };

export const rowOf = ({ ticker, name, exchange, currency }: Row): Row => ({
  ticker,
  name,
  exchange,
  currency,
});

/** Frames do not name the exchange: it comes with the list over REST. */
export const rowOfQuote = ({ ticker, name, currency }: Quote): Row => ({
  ticker,
  name: name ?? "",
  exchange: "",
  currency: currency ?? "",
});

/** The same row where the quote says nothing new of it. */
export function renamed(row: Row, { name = row.name, currency = row.currency }: Partial<Quote> = {}): Row {
  return name === row.name && currency === row.currency ? row : { ...row, name, currency };
}

export const quoteOfSecurity = (security: Security): Quote => ({
  ...security,
  price: security.last_price,
});

export function without(rows: readonly Row[], tickers: readonly string[]): readonly Row[] {
  return rows.filter((row) => !tickers.includes(row.ticker));
}

export function insertedAt(rows: readonly Row[], row: Row, index: number): readonly Row[] {
  return rows.some(({ ticker }) => ticker === row.ticker) ? rows : rows.toSpliced(index, 0, row);
}
