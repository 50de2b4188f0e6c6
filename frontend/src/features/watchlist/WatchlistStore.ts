import { messageOf } from "@/shared/api/errors";
import { priceStore } from "@/shared/prices/priceStore";
import type { Quote } from "@/shared/protocol/frames";
import { createStore } from "@/shared/store";

import { getWatchlist } from "./api/getWatchlist";
import { putOnWatchlist } from "./api/putOnWatchlist";
import { removeFromWatchlist } from "./api/removeFromWatchlist";
import { insertedAt, quoteOfItem, type Row, rowOf, rowOfQuote, without } from "./rows";

export type WatchlistState = {
  status: "loading" | "ready" | "failed";
  problem: string | null;
  rows: readonly Row[];
};

export type Removed = { row: Row; index: number };

const LOADING: WatchlistState = { status: "loading", problem: null, rows: [] };

/**
 * Which securities are on the list, in which order. Edits show at once and are sent one after the
 * other; the server's list is read again whenever it may differ from what is shown.
 */
export class WatchlistStore {
  readonly state = createStore<WatchlistState>(LOADING);
  private edits: Promise<unknown> = Promise.resolve();
  private pending = 0;
  private isReading = false;
  private isOutdated = false;
  private turn = 0;

  clear(): void {
    this.turn += 1;
    this.isOutdated = false;
    this.state.set(LOADING);
  }

  has(ticker: string): boolean {
    return this.indexOf(ticker) >= 0;
  }

  async load(): Promise<void> {
    if (this.pending > 0) {
      this.isOutdated = true;
      return;
    }
    const turn = (this.turn += 1);
    this.isReading = true;
    try {
      const items = (await getWatchlist()).filter((item) => item.is_active);
      if (turn !== this.turn) return;
      priceStore.apply(items.map(quoteOfItem));
      this.state.set({ status: "ready", problem: null, rows: items.map(rowOf) });
    } catch (error) {
      // A list that is shown already stays; the connection's badge says that it may be old.
      if (turn !== this.turn || this.state.get().status === "ready") return;
      this.state.set({ ...LOADING, status: "failed", problem: messageOf(error) });
    } finally {
      if (turn === this.turn) this.isReading = false;
    }
  }

  /** Puts a row on the list, at the end or where it was. Throws what the server refuses. */
  add(row: Row, index?: number): Promise<void> {
    this.show(insertedAt(this.rows, row, index ?? this.rows.length));
    return this.edit(async () => {
      priceStore.apply([quoteOfItem(await putOnWatchlist(row.ticker, index))]);
    });
  }

  /** Takes a row off the list; null when it was not there. */
  remove(ticker: string): { removed: Removed; done: Promise<void> } | null {
    const index = this.indexOf(ticker);
    const row = this.rows[index];
    if (row === undefined) return null;
    this.show(without(this.rows, [ticker]));
    return { removed: { row, index }, done: this.edit(() => removeFromWatchlist(ticker)) };
  }

  /** Another tab, curl or an administrator changed the list. */
  changedElsewhere(added: readonly Quote[], removed: readonly string[]): void {
    priceStore.apply(added);
    if (this.pending > 0) {
      this.isOutdated = true;
      return;
    }
    let rows = without(this.rows, removed);
    const isKnown = added.every(({ ticker }) => this.has(ticker));
    for (const quote of added) rows = insertedAt(rows, rowOfQuote(quote), rows.length);
    if (rows.length !== this.rows.length || !isKnown) this.show(rows);
    // The frame shows the row at once, but does not say where it belongs.
    if (!isKnown) void this.load();
  }

  private get rows(): readonly Row[] {
    return this.state.get().rows;
  }

  private indexOf(ticker: string): number {
    return this.rows.findIndex((row) => row.ticker === ticker);
  }

  private show(rows: readonly Row[]): void {
    this.state.set({ ...this.state.get(), rows });
  }

  private async edit(send: () => Promise<void>): Promise<void> {
    this.pending += 1;
    if (this.isReading) this.isOutdated = true;
    this.isReading = false;
    this.turn += 1; // what is being read now does not know of this edit
    const sent = this.edits.then(send);
    this.edits = sent.catch(() => undefined);
    try {
      await sent;
    } catch (error) {
      this.isOutdated = true;
      throw error;
    } finally {
      this.pending -= 1;
      if (this.pending === 0 && this.isOutdated) {
        this.isOutdated = false;
        void this.load();
      }
    }
  }
}

export const watchlist = new WatchlistStore();
