import { type KeyboardEvent, type RefObject, useCallback } from "react";

type List = RefObject<HTMLElement | null>;

const STEPS: Readonly<Record<string, (index: number, last: number) => number>> = {
  ArrowDown: (index, last) => Math.min(index + 1, last),
  ArrowUp: (index) => Math.max(index - 1, 0),
  PageDown: (index, last) => Math.min(index + 10, last),
  PageUp: (index) => Math.max(index - 10, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/** Arrow keys walk the rows, Delete removes; Tab needs to pass the list only once. */
export function useRowKeys(
  list: List,
  onRemove: (ticker: string) => void,
): (event: KeyboardEvent) => void {
  return useCallback(
    (event) => {
      const buttons = pickButtons(list);
      const index = buttons.findIndex((button) => button === document.activeElement);
      const button = buttons[index];
      if (button === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      const step = STEPS[event.key];
      if (step !== undefined) {
        event.preventDefault();
        buttons[step(index, buttons.length - 1)]?.focus();
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        onRemove(button.dataset.pick ?? "");
      }
    },
    [list, onRemove],
  );
}

/** If the focus is in the row that goes away, it moves to the one that takes its place. */
export function keepFocusIn(list: List, leaving: string): void {
  const index = pickButtons(list).findIndex((button) => button.dataset.pick === leaving);
  const row = pickButtons(list)[index]?.closest('[role="row"]');
  if (!row?.contains(document.activeElement)) return;
  requestAnimationFrame(() => {
    const left = pickButtons(list);
    left[Math.min(index, left.length - 1)]?.focus();
  });
}

function pickButtons(list: List): HTMLButtonElement[] {
  return [...(list.current?.querySelectorAll<HTMLButtonElement>("button[data-pick]") ?? [])];
}
