import { messageOf } from "@/shared/api/errors";
import type { WatchlistItem } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import type { Quote } from "@/shared/protocol/frames";
import { createStore } from "@/shared/store";

import { getWatchlist } from "./api/getWatchlist";
import { putOnWatchlist } from "./api/putOnWatchlist";
import { removeFromWatchlist } from "./api/removeFromWatchlist";
import { EditQueue } from "./EditQueue";
import { insertedAt, placeOf, type Row, rowOf, rowOfQuote, without } from "./rows";
import { type Inactive, LOADING, type Removed, type WatchlistState } from "./state";

/**
 * Which securities are on the list, in which order. Edits show at once and are taken back if the
 * server refuses; its list is read again whenever it may differ from what is shown.
 */
export class WatchlistStore {
  readonly state = createStore<WatchlistState>(LOADING);
  private readonly edits = new EditQueue();
  /** Numbers the readings: what an older one brings is no longer wanted. */
  private turn = 0;
  private isReading = false;
  private isOutdated = false;
  /** The list as the newest snapshot named it, until it has been compared with ours. */
  private told: readonly string[] | null = null;

  clear(): void {
    this.turn += 1;
    this.isOutdated = this.isReading = false;
    this.told = null;
    this.state.set(LOADING);
  }

  has(ticker: string): boolean {
    return this.indexOf(ticker) >= 0;
  }

  async load(): Promise<void> {
    if (this.edits.isBusy) {
      this.isOutdated = true;
      return;
    }
    const turn = (this.turn += 1);
    this.isReading = true;
    try {
      const items = await getWatchlist();
      if (turn === this.turn) this.take(items);
    } catch (error) {
      if (turn !== this.turn) return;
      this.isReading = false;
      // A list that is shown already stays; the connection's badge says that it may be old.
      if (this.state.get().status === "ready") return;
      this.state.set({ ...LOADING, status: "failed", problem: messageOf(error) });
    }
  }

  /** A snapshot names the whole list: read it again only if ours is another one. */
  agreeWith(tickers: readonly string[]): void {
    this.told = tickers;
    if (this.state.get().status === "failed") return void this.load();
    if (!this.isReading && !this.edits.isBusy) this.compare();
  }

  /** Puts a row on the list, at the end or where it was. Throws what the server refuses. */
  add(row: Row, index?: number): Promise<void> {
    this.show(insertedAt(this.rows, row, index ?? this.rows.length));
    const place = index === undefined ? undefined : this.placeOf(index);
    return this.edit(
      async () => priceStore.apply([await putOnWatchlist(row.ticker, place)]),
      () => without(this.rows, [row.ticker]),
    );
  }

  /** Takes a row off the list; null when it was not there. */
  remove(ticker: string): { removed: Removed; done: Promise<void> } | null {
    const index = this.indexOf(ticker);
    const row = this.rows[index];
    if (row === undefined) return null;
    this.show(without(this.rows, [ticker]));
    const done = this.edit(
      () => removeFromWatchlist(ticker),
      () => insertedAt(this.rows, row, index),
    );
    return { removed: { row, index }, done };
  }

  /** Takes a security off the list that is not active; it cannot be put back. */
  async removeInactive(ticker: string): Promise<void> {
    const { inactive } = this.state.get();
    this.showInactive(inactive.filter((it) => it.ticker !== ticker));
    try {
      await this.edit(
        () => removeFromWatchlist(ticker),
        () => this.rows,
      );
    } catch (error) {
      this.showInactive(inactive);
      throw error;
    }
  }

  /** Staff deactivated it: it stays on the list, but has no row any more. */
  deactivated(ticker: string): void {
    const index = this.indexOf(ticker);
    if (index < 0) return;
    const gone = { ticker, position: this.placeOf(index) };
    const inactive = [...this.state.get().inactive, gone];
    this.showInactive(inactive.sort((one, other) => one.position - other.position));
    this.changedElsewhere([], [ticker]);
  }

  /** Another tab, curl or an administrator changed the list. */
  changedElsewhere(added: readonly Quote[], removed: readonly string[]): void {
    priceStore.apply(added);
    if (this.edits.isBusy) {
      this.isOutdated = true;
      return;
    }
    const isKnown = added.every(({ ticker }) => this.has(ticker));
    let rows = without(this.rows, removed);
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

  private placeOf(index: number): number {
    return placeOf(
      index,
      this.state.get().inactive.map(({ position }) => position),
    );
  }

  private show(rows: readonly Row[]): void {
    this.state.set({ ...this.state.get(), rows });
  }

  private showInactive(inactive: readonly Inactive[]): void {
    this.state.set({ ...this.state.get(), inactive });
  }

  private take(items: readonly WatchlistItem[]): void {
    const active = items.filter((item) => item.is_active);
    priceStore.apply(active);
    const inactive = items.filter((item) => !item.is_active);
    this.state.set({ status: "ready", problem: null, rows: active.map(rowOf), inactive });
    this.isReading = false;
    this.compare();
  }

  private compare(): void {
    const told = this.told;
    this.told = null;
    if (told === null || told.join(" ") === this.rows.map(({ ticker }) => ticker).join(" ")) return;
    void this.load();
  }

  private async edit(send: () => Promise<void>, takeBack: () => readonly Row[]): Promise<void> {
    // What is being read now does not know of this edit.
    if (this.isReading || this.told !== null) this.isOutdated = true;
    this.isReading = false;
    this.turn += 1;
    try {
      await this.edits.send(send);
    } catch (error) {
      this.show(takeBack());
      this.isOutdated = true;
      throw error;
    } finally {
      if (this.isOutdated && !this.edits.isBusy) {
        this.isOutdated = false;
        void this.load();
      }
    }
  }
}

export const watchlist = new WatchlistStore();
