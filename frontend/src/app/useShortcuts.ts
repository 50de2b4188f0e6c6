import { type RefObject, useEffect } from "react";

import { takeNewestAction } from "@/shared/ui/toasts";

/** `/` goes to the search from anywhere, Ctrl+Z or ⌘Z takes back the last removal. */
export function useShortcuts(search: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (isTyping(event.target)) return;
      const hasModifier = event.ctrlKey || event.metaKey;
      if (event.key === "/" && !hasModifier && !event.altKey) {
        event.preventDefault();
        search.current?.focus();
        search.current?.select();
      } else if (event.key.toLowerCase() === "z" && hasModifier && !event.shiftKey) {
        if (takeNewestAction()) event.preventDefault();
      }
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [search]);
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.value !== "" || target.type === "password";
  return target instanceof HTMLElement && target.isContentEditable;
}
