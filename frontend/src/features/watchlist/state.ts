import type { Row } from "./rows";

export type WatchlistState = {
  status: "loading" | "ready" | "failed";
  problem: string | null;
  rows: readonly Row[];
};

export type Removed = { row: Row; index: number };

export const LOADING: WatchlistState = { status: "loading", problem: null, rows: [] };
