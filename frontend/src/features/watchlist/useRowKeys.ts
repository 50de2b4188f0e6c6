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
        // A key that is held down means one row, not one after the other.
        if (!event.repeat) onRemove(button.dataset.pick ?? "");
      } else if (event.key === "Enter" && event.repeat) {
        event.preventDefault(); // it may have removed what was here before
      }
    },
    [list, onRemove],
  );
}

function pickButtons(list: List): HTMLButtonElement[] {
  return [...(list.current?.querySelectorAll<HTMLButtonElement>("button[data-pick]") ?? [])];
}
