import { messageOf } from "@/shared/api/errors";
import type { WatchlistItem } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import type { Quote } from "@/shared/protocol/frames";
import { createStore } from "@/shared/store";

import { getWatchlist } from "./api/getWatchlist";
import { putOnWatchlist } from "./api/putOnWatchlist";
import { removeFromWatchlist } from "./api/removeFromWatchlist";
import { EditQueue } from "./EditQueue";
import { insertedAt, type Row, rowOf, rowOfQuote, without } from "./rows";
import { LOADING, type Removed, type WatchlistState } from "./state";

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
  /** All of it, as the server counts places; `inactive` names those without prices. */
  private list: readonly Row[] = [];
  private inactive: ReadonlySet<string> = new Set();

  clear(): void {
    this.turn += 1;
    this.isOutdated = this.isReading = false;
    this.told = null;
    this.list = [];
    this.inactive = new Set();
    this.state.set(LOADING);
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
    const list = insertedAt(this.list, row, index ?? this.list.length);
    this.show(list, this.inactiveBut([row.ticker]));
    return this.edit(
      async () => priceStore.apply([await putOnWatchlist(row.ticker, index)]),
      () => without(this.list, [row.ticker]),
    );
  }

  /** Takes a security off the list; null when it was not there. */
  remove(ticker: string): { removed: Removed; done: Promise<void> } | null {
    const index = this.list.findIndex((row) => row.ticker === ticker);
    const row = this.list[index];
    if (row === undefined) return null;
    this.show(without(this.list, [ticker]));
    const done = this.edit(
      () => removeFromWatchlist(ticker),
      () => insertedAt(this.list, row, index),
    );
    return { removed: { row, index, isActive: !this.inactive.has(ticker) }, done };
  }

  /** Staff deactivated it: it stays on the list, but has no prices any more. */
  deactivated(ticker: string): void {
    if (this.edits.isBusy) this.isOutdated = true;
    else this.show(this.list, new Set([...this.inactive, ticker]));
  }

  /** Another tab, curl or an administrator changed the list. */
  changedElsewhere(added: readonly Quote[], removed: readonly string[]): void {
    priceStore.apply(added);
    if (this.edits.isBusy) {
      this.isOutdated = true;
      return;
    }
    const isKnown = added.every(({ ticker }) => this.list.some((row) => row.ticker === ticker));
    const inactive = this.inactiveBut(added.map(({ ticker }) => ticker));
    // Without prices is not off the list: who was deactivated keeps its place.
    const left = removed.filter((ticker) => !inactive.has(ticker));
    let list = without(this.list, left);
    for (const quote of added) list = insertedAt(list, rowOfQuote(quote), list.length);
    const isAnother = list.length !== this.list.length || inactive.size !== this.inactive.size;
    if (isAnother || !isKnown) this.show(list, inactive);
    // The frame shows the row at once, but does not say where it belongs.
    if (!isKnown) void this.load();
  }

  private inactiveBut(tickers: readonly string[]): ReadonlySet<string> {
    return new Set([...this.inactive].filter((ticker) => !tickers.includes(ticker)));
  }

  private show(list: readonly Row[], inactive = this.inactive, more: Partial<WatchlistState> = {}): void {
    this.list = list;
    this.inactive = inactive;
    this.state.set({
      ...this.state.get(),
      ...more,
      rows: list.filter(({ ticker }) => !inactive.has(ticker)),
      inactive: list.filter(({ ticker }) => inactive.has(ticker)),
    });
  }

  private take(items: readonly WatchlistItem[]): void {
    priceStore.apply(items.filter((item) => item.is_active));
    const inactive = items.filter((item) => !item.is_active).map(({ ticker }) => ticker);
    this.show(items.map(rowOf), new Set(inactive), { status: "ready", problem: null });
    this.isReading = false;
    this.compare();
  }

  private compare(): void {
    const told = this.told;
    this.told = null;
    if (told === null || told.join(" ") === this.state.get().rows.map(({ ticker }) => ticker).join(" ")) return;
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
