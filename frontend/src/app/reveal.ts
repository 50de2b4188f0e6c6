/** Brings a row into sight, once it is there. */
export function revealRow(ticker: string): void {
  requestAnimationFrame(() => {
    document.querySelector(`[data-ticker="${CSS.escape(ticker)}"]`)?.scrollIntoView({ block: "nearest" });
  });
}

/** Brings a row into sight and the focus to it, once it is there. */
export function focusRow(ticker: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`[data-pick="${CSS.escape(ticker)}"]`)?.focus();
  });
}

/** On a phone the chart may be far above the row that was tapped. */
export function revealChart(chart: Element | null): void {
  if (chart === null || chart.getBoundingClientRect().bottom > 200) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  chart.scrollIntoView({ block: "start", behavior: isCalm ? "auto" : "smooth" });
}
