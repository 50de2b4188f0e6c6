const BASE_MS = 400;

/** Low enough that after any outage the newest prices are here within two periods (10 s). */
const CAP_MS = 8000;

/** Full jitter: anywhere between now and an exponentially growing, capped delay. */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt));
}
