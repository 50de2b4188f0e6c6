/** Brings a row into sight, once it is there. */
export function scrollToRow(ticker: string): void {
  requestAnimationFrame(() => {
    const row = document.querySelector(`[data-ticker="${CSS.escape(ticker)}"]`);
    row?.scrollIntoView({ block: "nearest" });
  });
}
