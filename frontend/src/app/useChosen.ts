import { useCallback, useState } from "react";

function fromAddress(): string | null {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null; // an address that was mangled on its way here
  }
}

/** The chosen ticker stands in the address (#AAPL), so that a reload comes back to it. */
export function useChosen(tickers: readonly string[]): [string | null, (ticker: string) => void] {
  const [wanted, setWanted] = useState(fromAddress);
  const choose = useCallback((ticker: string) => {
    history.replaceState(null, "", `#${encodeURIComponent(ticker)}`);
    setWanted(ticker);
  }, []);
  const isThere = wanted !== null && tickers.includes(wanted);
  return [isThere ? wanted : (tickers[0] ?? null), choose];
}
