import { focusHeading } from "@/shared/ui/focus";

/** Brings a row into sight, once it is there. */
export function revealRow(ticker: string): void {
  requestAnimationFrame(() => {
    const row = document.querySelector(`[data-entry="row"][data-ticker="${CSS.escape(ticker)}"]`);
    row?.scrollIntoView({ block: "nearest" });
  });
}

/** Brings a row into sight and the focus to it, once it is there. */
export function focusRow(ticker: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`[data-pick="${CSS.escape(ticker)}"]`)?.focus();
  });
}

/** An entry leaves the list: the focus, if it is there, moves to the one that takes its place. */
export function keepFocus(ticker: string): void {
  const entry = document.activeElement?.closest<HTMLElement>("[data-entry]");
  const kind = entry?.dataset.entry;
  if (entry == null || kind === undefined || entry.dataset.ticker !== ticker) return;
  const index = entries(kind).indexOf(entry);
  requestAnimationFrame(() => {
    const left = entries(kind);
    const next = left[Math.min(index, left.length - 1)] ?? entries("row").at(-1);
    if (next === undefined) focusHeading();
    else next.querySelector("button")?.focus();
  });
}

const entries = (kind: string): HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>(`[data-entry="${kind}"]`),
];

/** On a phone the chart may be far above the row that was tapped. */
export function revealChart(chart: Element | null): void {
  if (chart === null || chart.getBoundingClientRect().bottom > 200) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  chart.scrollIntoView({ block: "start", behavior: isCalm ? "auto" : "smooth" });
}
