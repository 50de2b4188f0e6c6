import { useEffect, useState } from "react";

import { getMarket } from "@/shared/api/getMarket";
import type { Market } from "@/shared/api/types";
import { onWake } from "@/shared/wake";

const SOONEST_MS = 5000;
const LATEST_MS = 3_600_000;
const RETRY_MS = 60_000;

/** The market as the server knows it: asked again when it said that it would be another. */
export function useMarket(): Market | null {
  const [market, setMarket] = useState<Market | null>(null);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let dueAt = Infinity;
    async function look(): Promise<void> {
      clearTimeout(timer);
      dueAt = Infinity;
      const found = await getMarket(ended.signal).catch(() => null);
      if (ended.signal.aborted) return;
      if (found !== null) setMarket(found);
      const wait = found === null ? RETRY_MS : waitFor(found);
      if (wait === null) return;
      timer = setTimeout(() => void look(), wait);
      // A machine wakes before its network does: after a failure the next wake asks again.
      dueAt = found === null ? 0 : Date.now() + wait;
    }
    void look();
    // A timer sleeps with its machine, and comes later by as much.
    const stopWaking = onWake(() => {
      if (Date.now() >= dueAt) void look();
    });
    return () => {
      ended.abort();
      stopWaking();
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
