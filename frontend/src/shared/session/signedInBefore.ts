/**
 * Whether somebody has signed in with this browser and not out again. No secret, and no proof: only
 * a reason to ask the server, which would otherwise refuse every first visitor, red in the console.
 */
const KEY = "tickwatch.signed-in";

/** Where a browser keeps nothing for us, one has to ask. */
export function maybeSignedIn(): boolean {
  return attempt(() => localStorage.getItem(KEY) !== null, true);
}

export function rememberSignIn(): void {
  attempt(() => localStorage.setItem(KEY, "yes"), undefined);
}

export function forgetSignIn(): void {
  attempt(() => localStorage.removeItem(KEY), undefined);
}

function attempt<T>(access: () => T, otherwise: T): T {
  try {
    return access();
  } catch {
    return otherwise;
  }
}
