import { useCallback, useSyncExternalStore } from "react";

import { type LivePrice, priceStore } from "./priceStore";

/** The newest price of one ticker; only its own changes render the caller again. */
export function usePrice(ticker: string): LivePrice | undefined {
  const subscribe = useCallback(
    (listener: () => void) => priceStore.subscribe(ticker, listener),
    [ticker],
  );
  return useSyncExternalStore(subscribe, () => priceStore.get(ticker));
}
