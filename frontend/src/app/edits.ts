import { quoteOfSecurity, rowOf } from "@/features/watchlist/rows";
import type { Removed } from "@/features/watchlist/state";
import { watchlist } from "@/features/watchlist/WatchlistStore";
import { isAbort, messageOf } from "@/shared/api/errors";
import type { Security } from "@/shared/api/types";
import { priceStore } from "@/shared/prices/priceStore";
import { dismissToast, say, showToast } from "@/shared/ui/toasts";

import { focusRow, keepFocus } from "./reveal";

/** What a person can do to the list: shown at once, and taken back when the server refuses. */
export function addSecurity(security: Security): void {
  dismissToast(removalOf(security.ticker));
  priceStore.apply([quoteOfSecurity(security)]);
  watchlist.add(rowOf(security)).then(
    () => say(`${security.ticker} added`),
    showFailure(`${security.ticker} was not added.`),
  );
}

export function removeTicker(ticker: string): void {
  keepFocus(ticker);
  const edit = watchlist.remove(ticker);
  if (edit === null) return;
  const undo = { label: "Undo", run: () => putBack(edit.removed) };
  // What is inactive the server would not take back.
  const action = edit.removed.isActive ? undo : null;
  const name = removalOf(ticker);
  showToast(`${ticker} removed`, { name, action });
  edit.done.catch(showFailure(`${ticker} was not removed.`, name));
}

/** Names the notice of a removal, which is outdated once that has failed or been made good. */
const removalOf = (ticker: string): string => `removal of ${ticker}`;

function putBack({ row, index }: Removed): void {
  // The button for it goes away with its notice, and would take the focus along.
  focusRow(row.ticker);
  watchlist.add(row, index).catch(showFailure(`${row.ticker} could not be put back.`));
}

/** Says what failed and why, unless whoever wanted it has gone. */
const showFailure = (what: string, name = what) => (error: unknown): void => {
  if (!isAbort(error)) showToast(`${what} ${messageOf(error)}`, { name, kind: "problem" });
};
