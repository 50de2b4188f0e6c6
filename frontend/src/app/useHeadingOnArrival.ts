import { useEffect, useRef } from "react";

import type { SessionState } from "@/shared/session/session";
import { focusHeading } from "@/shared/ui/focus";

/**
 * Who signs in or out comes to another page without the browser's noticing: nothing says so to who
 * cannot see it, and the button that held the focus is gone. The first page needs no such help.
 */
export function useHeadingOnArrival(place: SessionState["name"]): void {
  const last = useRef<SessionState["name"] | null>(null);
  useEffect(() => {
    const isFirst = last.current === null;
    // StrictMode runs this twice: to be where one was is no arrival.
    if (place === last.current || (isFirst && place === "starting")) return;
    last.current = place;
    if (!isFirst && place !== "starting") focusHeading();
  }, [place]);
}
