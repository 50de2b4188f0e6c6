const REMEMBERED_GAPS = 8;
const AT_LEAST_MS = 10_000;
const AT_MOST_MS = 60_000;
const UNTIL_KNOWN_MS = 50_000;

/**
 * Notices when a healthy connection brings no more prices: the server lives, but whatever feeds it
 * does not. How long is too long is learned from the rhythm in which prices came so far.
 */
export class Freshness {
  private gaps: number[] = [];
  private newest: number | null = null;
  private previous: number | null = null;

  /** A snapshot says how old its newest price is; it tells nothing about the rhythm. */
  snapshot(newestUpdate: number | null, now: number): void {
    this.previous = null;
    if (newestUpdate !== null) this.newest = Math.max(this.newest ?? 0, Math.min(newestUpdate, now));
  }

  prices(now: number): void {
    if (this.previous !== null) {
      this.gaps = [...this.gaps, now - this.previous].slice(-REMEMBERED_GAPS);
    }
    this.newest = this.previous = now;
  }

  /** Since when prices are missing, or null while they come as expected. */
  staleSince(now: number): number | null {
    if (this.newest === null) return null;
    return now - this.newest > this.patienceMs() ? this.newest : null;
  }

  forget(): void {
    this.gaps = [];
    this.newest = this.previous = null;
  }

  private patienceMs(): number {
    if (this.gaps.length < 3) return UNTIL_KNOWN_MS;
    const sorted = [...this.gaps].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? UNTIL_KNOWN_MS;
    return Math.min(AT_MOST_MS, Math.max(AT_LEAST_MS, 4 * median));
  }
}
