/** Where the focus goes when what held it has left and nothing took its place: the page's heading. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>("h1")?.focus();
}
