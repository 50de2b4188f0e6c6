/** An access token as held in memory: never stored, never readable by another page. */
export type AccessToken = {
  value: string;
  /** Local time (ms) from which on it should be replaced; independent of the server's clock. */
  renewAt: number;
};

const RENEW_BEFORE_END_MS = 60_000;
const LIFETIME_IF_UNKNOWN_MS = 10 * 60_000;

export function holdToken(value: string, now: number): AccessToken {
  const lifetime = lifetimeOf(value);
  return { value, renewAt: now + Math.max(lifetime - RENEW_BEFORE_END_MS, lifetime / 2) };
}

/** exp − iat, so that a wrong clock on this machine does no harm. */
function lifetimeOf(token: string): number {
  try {
    const payload = token.split(".")[1] ?? "";
    const claims: unknown = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
    const { exp, iat } = claims as { exp?: unknown; iat?: unknown };
    if (typeof exp === "number" && typeof iat === "number" && exp > iat) return (exp - iat) * 1000;
  } catch {
    // Not a JWT: the server may change the kind of token without telling the screen.
  }
  return LIFETIME_IF_UNKNOWN_MS;
}
