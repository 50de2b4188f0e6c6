/**
 * Refreshing replaces the cookie. Tabs take turns, so that a late answer cannot bring back one that
 * another tab has used meanwhile; a page served over plain HTTP has no locks and goes alone.
 */
export function oneTabAtATime<T>(task: () => Promise<T>): Promise<T> {
  const locks = (navigator as { locks?: LockManager }).locks;
  if (locks === undefined) return task();
  return locks.request("tickwatch-refresh", task) as Promise<T>;
}

/** Tells the other tabs of this browser that somebody signed in or out. */
export class TabsChannel {
  private readonly channel =
    typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("tickwatch-session");

  tellOthers(): void {
    this.channel?.postMessage("changed");
  }

  onChange(listener: () => void): void {
    this.channel?.addEventListener("message", listener);
  }
}
