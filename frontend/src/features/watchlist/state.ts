import type { Row } from "./rows";

export type WatchlistState = {
  status: "loading" | "ready" | "failed";
  problem: string | null;
  rows: readonly Row[];
  /** On the list, too, but without prices until staff activate them again. */
  inactive: readonly Row[];
};

/** `index`: where it was on the list, between rows and what is inactive. */
export type Removed = { row: Row; index: number; isActive: boolean };

export const LOADING: WatchlistState = { status: "loading", problem: null, rows: [], inactive: [] };
