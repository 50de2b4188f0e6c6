import { getHistory } from "@/shared/api/getHistory";

import { priceStore, TRAIL_LENGTH } from "./priceStore";

const AT_ONCE = 3;

const queue: { ticker: string; done: () => void }[] = [];
let running = 0;

/**
 * Fills a sparkline from history: once a trail, a few at a time, and only when its row is seen.
 * A list of 500 therefore asks for a screenful, not for 500.
 */
export function loadTrail(ticker: string, done: () => void): () => void {
  if (priceStore.trail(ticker).isAsked) return () => undefined;
  const entry = { ticker, done };
  queue.push(entry);
  void work();
  return () => {
    const index = queue.indexOf(entry);
    if (index >= 0) queue.splice(index, 1);
  };
}

async function work(): Promise<void> {
  if (running >= AT_ONCE) return;
  const entry = queue.pop();
  if (entry === undefined) return;
  running += 1;
  const trail = priceStore.trail(entry.ticker);
  trail.isAsked = true;
  try {
    trail.prepend(await getHistory(entry.ticker, { limit: TRAIL_LENGTH }));
    entry.done();
  } catch {
    // A sparkline without its past still grows from what is received, until it is seen again.
    trail.isAsked = false;
  } finally {
    running -= 1;
    void work();
  }
}
