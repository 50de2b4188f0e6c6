import { quoteOfSecurity, rowOf } from "@/features/watchlist/rows";
import type { Removed } from "@/features/watchlist/state";
import { watchlist } from "@/features/watchlist/WatchlistStore";
import { messageOf } from "@/shared/api/errors";
import type { Security } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import { dismissToast, say, showToast } from "@/shared/ui/toasts";

import { focusRow } from "./reveal";

/** What a person can do to the list: shown at once, and taken back when the server refuses. */
export function addSecurity(security: Security): void {
  priceStore.apply([quoteOfSecurity(security)]);
  watchlist.add(rowOf(security)).then(
    () => say(`${security.ticker} added`),
    (error: unknown) => {
      showToast(`${security.ticker} was not added. ${messageOf(error)}`, { kind: "problem" });
    },
  );
}

export function removeTicker(ticker: string): void {
  const edit = watchlist.remove(ticker);
  if (edit === null) return;
  const undo = { label: "Undo", run: () => putBack(edit.removed) };
  // What is inactive the server would not take back.
  const action = edit.removed.isActive ? undo : null;
  const notice = showToast(`${ticker} removed`, { action });
  edit.done.catch((error: unknown) => {
    dismissToast(notice);
    showToast(`${ticker} was not removed. ${messageOf(error)}`, { kind: "problem" });
  });
}

function putBack({ row, index }: Removed): void {
  // The button for it goes away with its notice, and would take the focus along.
  focusRow(row.ticker);
  watchlist.add(row, index).catch((error: unknown) => {
    showToast(`${row.ticker} could not be put back. ${messageOf(error)}`, { kind: "problem" });
  });
}
