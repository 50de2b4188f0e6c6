import { useEffect, useState } from "react";

import { getMarket } from "@/shared/api/getMarket";
import type { Market } from "@/shared/api/types";

const SOONEST_MS = 5000;
const LATEST_MS = 3_600_000;
const RETRY_MS = 60_000;

/** The market as the server knows it: asked again when it said that it would be another. */
export function useMarket(): Market | null {
  const [market, setMarket] = useState<Market | null>(null);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function look(): Promise<void> {
      const wait = await getMarket(ended.signal).then(
        (found) => {
          setMarket(found);
          return waitFor(found);
        },
        () => RETRY_MS,
      );
      if (!ended.signal.aborted && wait !== null) timer = setTimeout(() => void look(), wait);
    }
    void look();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, []);
  return market;
}

/** Null: it will never be another. At least once an hour, since this clock may be wrong. */
function waitFor({ until }: Market): number | null {
  if (until === null) return null;
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, until - Date.now() + 1000));
}
