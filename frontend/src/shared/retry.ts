import { ApiError } from "./api/errors";
import { backoffMs } from "./backoff";
import { onTimeOrWake } from "./wake";

const CAP_MS = 60_000;

/**
 * How many milliseconds to wait before a request that failed is repeated, `failures` having failed
 * before it; null where the answer would be the same. What the server asks for comes on top of the
 * back-off, not instead: whom it sent away together shall not come back together.
 */
export function retryMs(error: unknown, failures: number): number | null {
  const refusal = error instanceof ApiError ? error : null;
  if (refusal !== null && !refusal.isPassing) return null;
  return (refusal?.retryAfterSeconds ?? 0) * 1000 + backoffMs(failures, Math.random, CAP_MS);
}

type Reading<T> = {
  read: (signal: AbortSignal) => Promise<T>;
  onRead: (found: T) => void;
  onProblem?: (error: unknown) => void;
};

/** Reads until it has succeeded, once, and at once when the page wakes; returns how to give it up. */
export function readPersistently<T>({ read, onRead, onProblem }: Reading<T>): () => void {
  const abort = new AbortController();
  let stopWaiting = (): void => undefined;

  function look(failures: number): void {
    read(abort.signal).then(
      (found) => {
        if (!abort.signal.aborted) onRead(found);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        onProblem?.(error);
        const wait = retryMs(error, failures);
        if (wait === null) return;
        stopWaiting = onTimeOrWake(wait, (hasWoken) => look(hasWoken ? 0 : failures + 1));
      },
    );
  }

  look(0);
  return () => {
    abort.abort();
    stopWaiting();
  };
}
