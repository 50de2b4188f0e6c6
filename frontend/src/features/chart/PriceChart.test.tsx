import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import PriceChart from "./PriceChart";

const pan = vi.hoisted(() => vi.fn());

vi.mock("./TickerChart", () => ({
  TickerChart: class {
    pan = pan;
    show = () => undefined;
    zoomTo = () => undefined;
    mark = () => undefined;
    destroy = () => undefined;
  },
}));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("arrows move through time; with another key held they are the browser's", () => {
  vi.stubGlobal("matchMedia", () => new EventTarget());
  const recorded = { interval: "tick", prices: [] } as const;
  render(<PriceChart ticker="KO" recorded={recorded} minutes={15} anomalies={[]} />);
  const chart = screen.getByRole("group");
  for (const held of ["altKey", "ctrlKey", "metaKey"]) {
    expect(fireEvent.keyDown(chart, { key: "ArrowLeft", [held]: true })).toBe(true);
  }
  expect(pan).not.toHaveBeenCalled();
  expect(fireEvent.keyDown(chart, { key: "ArrowLeft" })).toBe(false);
  expect(pan).toHaveBeenCalledExactlyOnceWith(-20);
});
