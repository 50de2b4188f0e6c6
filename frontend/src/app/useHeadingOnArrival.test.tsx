import { cleanup, render } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, expect, test, vi } from "vitest";

import type { SessionState } from "@/shared/session/session";

import { useHeadingOnArrival } from "./useHeadingOnArrival";

type Place = SessionState["name"];

const focused = vi.fn<() => void>();
vi.mock("@/shared/ui/focus", () => ({ focusHeading: () => focused() }));

function Page({ place }: { place: Place }) {
  useHeadingOnArrival(place);
  return null;
}

afterEach(() => {
  cleanup();
  focused.mockReset();
});

test.each([[["signed-out"]], [["starting", "signed-in"]]] satisfies [Place[]][])(
  "the first page leaves the focus alone, each other one takes it: %s",
  (places) => {
    const at = (place: Place) => <StrictMode><Page place={place} /></StrictMode>;
    const { rerender } = render(null);
    for (const place of places) rerender(at(place));
    expect(focused).not.toHaveBeenCalled();
    rerender(at("starting"));
    expect(focused).not.toHaveBeenCalled();
    rerender(at(places.at(-1)!));
    expect(focused).toHaveBeenCalledTimes(1);
    rerender(at(places.at(-1) === "signed-in" ? "signed-out" : "signed-in"));
    expect(focused).toHaveBeenCalledTimes(2);
  },
);
