const BASE_MS = 400;

/** Full jitter: anywhere between now and an exponentially growing, capped delay. */
export function backoffMs(attempt: number, random: () => number, capMs: number): number {
  return Math.round(random() * Math.min(capMs, BASE_MS * 2 ** attempt));
}
