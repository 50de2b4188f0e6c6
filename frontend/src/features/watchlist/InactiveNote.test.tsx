import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { item } from "@/testing/make";

import { InactiveNote } from "./InactiveNote";
import { rowOf } from "./rows";

afterEach(cleanup);

test("a key that is held down removes one, though the focus moves to the next", () => {
  const onRemove = vi.fn();
  render(<InactiveNote inactive={["A", "B"].map((ticker) => rowOf(item(ticker)))} onRemove={onRemove} />);
  const [first, next] = screen.getAllByRole("button");
  const press = (button: HTMLElement, repeat: boolean): void => {
    // As a browser does it: the click is what a key comes to where nobody prevents that.
    if (fireEvent.keyDown(button, { key: "Enter", repeat })) fireEvent.click(button);
  };
  press(first!, false);
  press(next!, true);
  expect(onRemove.mock.calls).toEqual([["A"]]);
  const goesOn = fireEvent.keyDown(next!, { key: "Tab", repeat: true });
  expect(goesOn).toBe(true);
});
