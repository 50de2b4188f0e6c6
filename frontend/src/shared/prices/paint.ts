const WHEN_HIDDEN_MS = 1000;

/**
 * Runs the task once, with the next animation frame. A hidden tab gets no frames, but its chart and
 * sparklines must not miss what came meanwhile, so a slow timer stands in.
 */
export function onNextPaint(task: () => void): void {
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    task();
  };
  const timer = setTimeout(once, WHEN_HIDDEN_MS);
  const frame = requestAnimationFrame(once);
}
