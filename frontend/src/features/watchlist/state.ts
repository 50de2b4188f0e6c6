import type { Row } from "./rows";

/** `position`: where it stands on the server's list, between the rows that are shown. */
export type Inactive = { ticker: string; position: number };

export type WatchlistState = {
  status: "loading" | "ready" | "failed";
  problem: string | null;
  rows: readonly Row[];
  /** On the list, too, but without prices until staff activate them again. */
  inactive: readonly Inactive[];
};

export type Removed = { row: Row; index: number };

export const LOADING: WatchlistState = { status: "loading", problem: null, rows: [], inactive: [] };
