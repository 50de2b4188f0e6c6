import type { Quote } from "@/shared/protocol/frames";

import { onNextPaint } from "./paint";
import { Trail } from "./trail";

/** What a row knows about its price. `moved` is the direction of the newest move, for the flash. */
export type LivePrice = Required<Omit<Quote, "name" | "currency">> & {
  moved: "up" | "down" | null;
};

export const TRAIL_LENGTH = 60;

/**
 * The newest price of every ticker, outside of React. Whatever arrives between two paints is merged,
 * and each painted ticker wakes only those who subscribed to it.
 */
export class PriceStore {
  private readonly prices = new Map<string, LivePrice>();
  private readonly incoming = new Map<string, LivePrice>();
  private readonly trails = new Map<string, Trail>();
  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly anyListeners = new Set<() => void>();
  private epoch: string | null = null;
  private isScheduled = false;

  constructor(private readonly schedule: (task: () => void) => void = onNextPaint) {}

  get = (ticker: string): LivePrice | undefined => this.prices.get(ticker);

  /** Received prices of a ticker as numbers, bounded, for the sparkline. */
  trail(ticker: string): Trail {
    let trail = this.trails.get(ticker);
    if (trail === undefined) this.trails.set(ticker, (trail = new Trail(TRAIL_LENGTH)));
    return trail;
  }

  /** What comes back after a while would be drawn straight over the hole: it begins anew. */
  forgetTrail(ticker: string): void {
    this.trails.delete(ticker);
  }

  /** Sequences can be compared only within the life of one counter. */
  enterEpoch(epoch: string): void {
    const isNew = this.epoch !== null && this.epoch !== epoch;
    this.epoch = epoch;
    if (!isNew) return;
    for (const prices of [this.prices, this.incoming]) {
      for (const [ticker, price] of prices) prices.set(ticker, { ...price, sequence: -1 });
    }
  }

  apply(quotes: readonly Quote[]): void {
    for (const quote of quotes) this.receive(quote);
    if (this.isScheduled || this.incoming.size === 0) return;
    this.isScheduled = true;
    this.schedule(() => this.paint());
  }

  clear(): void {
    for (const map of [this.prices, this.incoming, this.trails]) map.clear();
    this.epoch = null;
    this.notify([...this.listeners.keys()]);
  }

  subscribe(ticker: string, listener: () => void): () => void {
    const mine = this.listeners.get(ticker) ?? new Set();
    this.listeners.set(ticker, mine.add(listener));
    return () => {
      mine.delete(listener);
      if (mine.size === 0 && this.listeners.get(ticker) === mine) this.listeners.delete(ticker);
    };
  }

  /** Called once per paint in which anything changed. */
  subscribeAny = (listener: () => void): (() => void) => {
    this.anyListeners.add(listener);
    return () => this.anyListeners.delete(listener);
  };

  private receive(quote: Quote): void {
    const known = this.incoming.get(quote.ticker) ?? this.prices.get(quote.ticker);
    if (known !== undefined && quote.sequence <= known.sequence) return;
    this.incoming.set(quote.ticker, merge(this.prices.get(quote.ticker), known, quote));
    if (quote.price !== null) this.trail(quote.ticker).push(quote.price, quote.sequence);
  }

  private paint(): void {
    this.isScheduled = false;
    const tickers = [...this.incoming.keys()];
    for (const [ticker, price] of this.incoming) this.prices.set(ticker, price);
    this.incoming.clear();
    this.notify(tickers);
  }

  private notify(tickers: readonly string[]): void {
    for (const ticker of tickers) {
      for (const listener of this.listeners.get(ticker) ?? []) listener();
    }
    for (const listener of this.anyListeners) listener();
  }
}

function merge(painted: LivePrice | undefined, known: LivePrice | undefined, quote: Quote): LivePrice {
  return {
    ticker: quote.ticker,
    price: quote.price,
    previous_close: quote.previous_close ?? known?.previous_close ?? null,
    abs_change: quote.abs_change,
    pct_change: quote.pct_change,
    updated_at: quote.updated_at,
    sequence: quote.sequence,
    moved: moveFrom(painted?.price ?? null, quote.price),
  };
}

function moveFrom(before: string | null, after: string | null): LivePrice["moved"] {
  if (before === null || after === null || before === after) return null;
  return Number(after) > Number(before) ? "up" : "down";
}

export const priceStore = new PriceStore();
