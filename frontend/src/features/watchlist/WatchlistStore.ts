import { isAbort, messageOf } from "@/shared/api/errors";
import type { WatchlistItem } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import type { Quote } from "@/shared/protocol/frames";
import { retryMs } from "@/shared/retry";
import { createStore } from "@/shared/store";
import { onTimeOrWake } from "@/shared/wake";

import { getWatchlist } from "./api/getWatchlist";
import { putOnWatchlist } from "./api/putOnWatchlist";
import { removeFromWatchlist } from "./api/removeFromWatchlist";
import { EditQueue } from "./EditQueue";
import { insertedAt, renamed, type Row, rowOf, rowOfQuote, without } from "./rows";
import { LOADING, type Removed, type WatchlistState } from "./state";

/**
 * Which securities are on the list, in which order. Edits show at once and are taken back if the
 * server refuses; its list is read again whenever it may differ from what is shown.
 */
export class WatchlistStore {
  readonly state = createStore<WatchlistState>(LOADING);
  private edits = new EditQueue();
  /** Numbers the readings: what an older one brings is no longer wanted. */
  private turn = 0;
  private isReading = false;
  private stopWaiting = (): void => undefined;
  /** Ours is known not to be the server's list: whoever can, reads it. */
  private isOutdated = false;
  /** The list as the server named it during a reading, until what was read has been compared with it. */
  private named: readonly string[] | null = null;
  /** All of it, as the server counts places; `inactive` names those without prices. */
  private list: readonly Row[] = [];
  private inactive: ReadonlySet<string> = new Set();

  /** Somebody else may come: nothing of what was begun goes on, or reaches what comes after. */
  clear(): void {
    this.edits.close();
    this.edits = new EditQueue();
    this.turn += 1;
    this.stopWaiting();
    this.isOutdated = this.isReading = false;
    this.named = null;
    this.list = [];
    this.inactive = new Set();
    this.state.set(LOADING);
  }

  /** Reads it until that succeeds; `failures` in a row came before. */
  async load(failures = 0): Promise<void> {
    if (this.edits.isBusy) {
      this.isOutdated = true;
      return;
    }
    const turn = (this.turn += 1);
    this.stopWaiting();
    this.isReading = true;
    this.isOutdated = false;
    try {
      const items = await getWatchlist();
      if (turn === this.turn) this.take(items);
    } catch (error) {
      if (turn !== this.turn) return;
      this.isReading = false;
      this.isOutdated = true;
      const wait = retryMs(error, failures);
      const again = (hasWoken: boolean): unknown => this.load(hasWoken ? 0 : failures + 1);
      if (wait !== null) this.stopWaiting = onTimeOrWake(wait, again);
      // A list that is shown already stays until it has been read.
      if (this.state.get().status === "ready") return;
      this.state.set({ ...LOADING, status: "failed", problem: messageOf(error) });
    }
  }

  /** The server names what has prices on the list: read it again only if ours is another one. */
  agreeWith(tickers: readonly string[]): void {
    if (this.edits.isBusy) {
      this.isOutdated = true;
      return;
    }
    this.named = tickers;
    if (!this.isReading) this.compare();
  }

  /** When somebody looks again: the server names nothing inactive, nor that it was taken off elsewhere. */
  probe(): void {
    if (this.state.get().inactive.length > 0) void this.load();
  }

  /**
   * Puts a row on the list, at the end or where it was. Throws what the server refuses, and an
   * AbortError where the list was cleared meanwhile.
   */
  async add(row: Row, index?: number): Promise<void> {
    const list = insertedAt(this.list, row, index ?? this.list.length);
    this.show(list, this.inactiveBut([row.ticker]));
    const item = await this.edit(
      row.ticker,
      () => putOnWatchlist(row.ticker, index),
      () => without(this.list, [row.ticker]),
    );
    priceStore.apply([item]);
  }

  /** Takes a security off the list; null when it was not there. */
  remove(ticker: string): { removed: Removed; done: Promise<void> } | null {
    const index = this.list.findIndex((row) => row.ticker === ticker);
    const row = this.list[index];
    if (row === undefined) return null;
    this.show(without(this.list, [ticker]));
    const done = this.edit(
      ticker,
      () => removeFromWatchlist(ticker),
      () => insertedAt(this.list, row, index),
    );
    return { removed: { row, index, isActive: !this.inactive.has(ticker) }, done };
  }

  /** Staff deactivated it: it stays on the list, but has no prices any more. */
  deactivated(ticker: string): void {
    if (this.edits.isBusy) {
      this.isOutdated = true;
      return;
    }
    this.show(this.list, new Set([...this.inactive, ticker]));
    this.endTrails([ticker]);
  }

  /** Whole quotes bring what stands still in a row, too; those of a price frame do not. */
  rename(quotes: readonly Quote[]): void {
    const whole = new Map(quotes.filter(({ name }) => name !== undefined).map((it) => [it.ticker, it]));
    if (whole.size === 0) return;
    const list = this.list.map((row) => renamed(row, whole.get(row.ticker)));
    if (list.some((row, index) => row !== this.list[index])) this.show(list);
  }

  /** Another tab, curl or an administrator changed the list. */
  changedElsewhere(added: readonly Quote[], removed: readonly string[]): void {
    priceStore.apply(added);
    this.rename(added);
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
    this.endTrails(left);
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

  /** The server sends no prices of what it has taken off: trails that are not shown end here. */
  private endTrails(tickers: readonly string[]): void {
    const shown = this.tickers();
    for (const ticker of tickers) if (!shown.includes(ticker)) priceStore.forgetTrail(ticker);
  }

  /** Of what is shown: those with prices. */
  private tickers(): readonly string[] {
    return this.state.get().rows.map(({ ticker }) => ticker);
  }

  private take(items: readonly WatchlistItem[]): void {
    const before = this.tickers();
    priceStore.apply(items.filter((item) => item.is_active));
    const inactive = items.filter((item) => !item.is_active).map(({ ticker }) => ticker);
    this.show(items.map(rowOf), new Set(inactive), { status: "ready", problem: null });
    this.endTrails(before);
    this.isReading = false;
    this.compare();
  }

  private compare(): void {
    const named = this.named;
    this.named = null;
    const differs = named !== null && named.join(" ") !== this.tickers().join(" ");
    if (this.isOutdated || differs) void this.load();
  }

  private async edit<T>(
    ticker: string,
    send: () => Promise<T>,
    takeBack: () => readonly Row[],
  ): Promise<T> {
    const { edits } = this;
    // What is being read now does not know of this edit.
    if (this.isReading) this.isOutdated = true;
    this.isReading = false;
    this.named = null;
    this.turn += 1;
    this.stopWaiting();
    try {
      return await edits.send(send);
    } catch (error) {
      if (isAbort(error)) throw error;
      this.show(takeBack());
      this.isOutdated = true;
      throw error;
    } finally {
      if (edits === this.edits) {
        this.endTrails([ticker]);
        if (this.isOutdated && !edits.isBusy) void this.load();
      }
    }
  }
}

export const watchlist = new WatchlistStore();
