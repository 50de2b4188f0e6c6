import { renderHook } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { useChosen } from "./useChosen";

const chosenAt = (hash: string): string | null => {
  history.replaceState(null, "", hash);
  return renderHook(() => useChosen(["AAPL", "BRK.B"])).result.current[0];
};

afterEach(() => history.replaceState(null, "", "/"));

test.each(["#BRK.B", "#BRK%2EB"])("what the address names is chosen: %s", (hash) => {
  expect(chosenAt(hash)).toBe("BRK.B");
});

test.each(["#", "#50%", "#%E0%A4%A", "#GONE"])("one that names nothing chooses the first: %s", (hash) => {
  expect(chosenAt(hash)).toBe("AAPL");
});
