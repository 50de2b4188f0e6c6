const LOOK_MS = 5000;
/** A timer that comes so late has not been held up by work: this machine slept. */
const SLEPT_MS = 15_000;

/**
 * Calls back when what was true may be so no longer: somebody looks at the page again, the network
 * is another, or the machine has slept, which no event tells a page that stays in sight.
 */
export function onWake(listener: () => void): () => void {
  let lookedAt = Date.now();
  const wake = (): void => {
    // What an event tells first, the timer need not find out again.
    lookedAt = Date.now();
    if (!document.hidden) listener();
  };
  const timer = setInterval(() => {
    const hasSlept = Date.now() - lookedAt > SLEPT_MS;
    lookedAt = Date.now();
    if (hasSlept) wake();
  }, LOOK_MS);
  const listening = new AbortController();
  document.addEventListener("visibilitychange", wake, listening);
  window.addEventListener("online", wake, listening);
  window.addEventListener("offline", wake, listening);
  return () => {
    clearInterval(timer);
    listening.abort();
  };
}

/** Calls back after so many milliseconds, or as soon as the page wakes; returns how to call it off. */
export function onTimeOrWake(ms: number, act: (hasWoken: boolean) => unknown): () => void {
  const timer = setTimeout(() => end(false), ms);
  const stopWaking = onWake(() => end(true));
  function stop(): void {
    clearTimeout(timer);
    stopWaking();
  }
  function end(hasWoken: boolean): void {
    stop();
    act(hasWoken);
  }
  return stop;
}
