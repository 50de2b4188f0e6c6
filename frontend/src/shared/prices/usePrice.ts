import { useCallback, useSyncExternalStore } from "react";

import { type LivePrice, priceStore } from "./priceStore";

/** The newest price of one ticker; only its own changes render the caller again. */
export const usePrice = (ticker: string): LivePrice | undefined =>
  useStoreOf(ticker, () => priceStore.get(ticker));

/** Whether a ticker has a price at all; that it moves renders nobody again. */
export const useHasPrice = (ticker: string): boolean =>
  useStoreOf(ticker, () => priceStore.get(ticker)?.price != null);

function useStoreOf<Found>(ticker: string, find: () => Found): Found {
  const subscribe = useCallback(
    (listener: () => void) => priceStore.subscribe(ticker, listener),
    [ticker],
  );
  return useSyncExternalStore(subscribe, find);
}
