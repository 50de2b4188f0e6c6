import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Security } from "@/shared/api/types";
import { type Call, fakeFetch } from "@/testing/fakeFetch";
import { security } from "@/testing/make";

import { SearchBox } from "./SearchBox";

const ANSWERS: Record<string, Security[]> = {
  a: [security("AAPL", "Apple Inc."), security("AMD"), security("AMZN")],
  aapl: [security("AAPL", "Apple Inc."), security("AAPLW")],
  am: [security("AMZN"), security("AMD")],
  amz: [security("AMZN")],
  zzz: [],
};

const onAdd = vi.fn();
const onShow = vi.fn();
let calls: Call[];

const input = (): HTMLInputElement => screen.getByRole("combobox");
const type = (value: string) => fireEvent.change(input(), { target: { value } });
const press = (key: string) => fireEvent.keyDown(input(), { key });
const answers = () => act(() => vi.advanceTimersByTimeAsync(200));
const options = (): string[] => screen.queryAllByRole("option").map((it) => it.textContent);
const active = (): string | null | undefined =>
  document.getElementById(input().getAttribute("aria-activedescendant") ?? "")?.textContent;

beforeEach(() => {
  vi.useFakeTimers();
  onAdd.mockReset();
  onShow.mockReset();
  calls = fakeFetch({
    "GET securities": ({ path }) => ({ body: ANSWERS[new URLSearchParams(path.split("?")[1]).get("q")!] }),
  });
  render(<SearchBox inputRef={null} listed={new Set(["AMD"])} onAdd={onAdd} onShow={onShow} />);
  input().focus();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("waits for a pause in typing and asks once", async () => {
  type("a");
  await act(() => vi.advanceTimersByTimeAsync(100));
  type("aa");
  type("aap");
  type("aapl");
  await answers();
  expect(calls.map(({ path }) => path)).toEqual(["securities?q=aapl&limit=8"]);
});

test("arrows walk around the suggestions and Enter adds the active one", async () => {
  type("a");
  await answers();
  expect(active()).toContain("AAPL");
  press("ArrowUp");
  expect(active()).toContain("AMZN");
  press("ArrowDown");
  press("ArrowDown");
  press("ArrowDown");
  press("Enter");
  expect(onAdd).toHaveBeenCalledWith(ANSWERS.a![2]);
  expect(input().value).toBe("");
  expect(options()).toEqual([]);
});

test("what is on the list says so, and Enter shows it there", async () => {
  type("a");
  await answers();
  expect(options()[1]).toContain("On your list");
  press("ArrowDown");
  press("Enter");
  expect(onShow).toHaveBeenCalledWith("AMD");
  expect(onAdd).not.toHaveBeenCalled();
});

test("an Enter faster than the answer adds the ticker that was typed", async () => {
  type("aapl");
  press("Enter");
  expect(onAdd).not.toHaveBeenCalled();
  await answers();
  expect(onAdd).toHaveBeenCalledExactlyOnceWith(ANSWERS.aapl![0]);
});

test("an Enter faster than the answer takes what an arrow has chosen, and not what was typed", async () => {
  type("a");
  await answers();
  type("am");
  press("ArrowDown");
  press("ArrowDown");
  expect(active()).toContain("AMZN");
  press("Enter");
  expect(onAdd).toHaveBeenCalledExactlyOnceWith(ANSWERS.a![2]);
  type("am");
  await answers();
  type("amz");
  press("ArrowDown");
  expect(active()).toContain("AMD");
  press("Enter");
  expect(onShow).toHaveBeenCalledExactlyOnceWith("AMD");
  await answers();
  expect(onAdd).toHaveBeenCalledOnce();
});

test("Escape takes an early Enter back", async () => {
  type("aapl");
  press("Enter");
  press("Escape");
  await answers();
  expect(onAdd).not.toHaveBeenCalled();
});

test("what is chosen stays chosen when an answer has it elsewhere, or is the first", async () => {
  type("a");
  await answers();
  type("am");
  press("ArrowDown");
  expect(active()).toContain("AMD");
  await answers();
  expect(options()[0]).toContain("AMZN");
  expect(active()).toContain("AMD");
  type("amz");
  press("ArrowDown");
  expect(active()).toContain("AMD");
  await answers();
  expect(active()).toContain("AMZN");
});

test("Enter after a failure asks again, and takes what was meant", async () => {
  const working = globalThis.fetch;
  fakeFetch({});
  type("aapl");
  await answers();
  expect(screen.getByRole("status").textContent).toContain("cannot be reached");
  vi.stubGlobal("fetch", working);
  press("Enter");
  expect(screen.getByRole("status").textContent).toContain("Searching");
  await answers();
  expect(onAdd).toHaveBeenCalledExactlyOnceWith(ANSWERS.aapl![0]);
});

test("an early Enter adds nothing when it is not clear what was meant", async () => {
  type("a");
  press("Enter");
  await answers();
  expect(onAdd).not.toHaveBeenCalled();
  expect(options()).toHaveLength(3);
});

test("Escape closes the suggestions, then empties the box", async () => {
  type("a");
  await answers();
  press("Escape");
  expect(options()).toEqual([]);
  expect(input().value).toBe("a");
  press("Escape");
  expect(input().value).toBe("");
});

test("nothing found and a server that is away are two different sentences", async () => {
  type("zzz");
  await answers();
  expect(screen.getByRole("status").textContent).toContain("Nothing found for “zzz”");
  fakeFetch({});
  type("zzzz");
  await answers();
  expect(screen.getByRole("status").textContent).toContain("cannot be reached");
});

test("what becomes of a search that was given up is not said", async () => {
  let fail: (error: Error) => void = () => undefined;
  const working = globalThis.fetch;
  vi.stubGlobal("fetch", () => new Promise((_, reject) => (fail = reject)));
  type("a");
  await answers();
  vi.stubGlobal("fetch", working);
  type("aapl");
  await answers();
  fail(new TypeError("Failed to fetch"));
  await answers();
  expect(options()).toHaveLength(2);
});

test("old suggestions do not outlive their question", async () => {
  type("a");
  await answers();
  type("z");
  expect(options()).toEqual([]);
});

test("a click adds and leaves the focus where the next search starts", async () => {
  type("a");
  await answers();
  const option = screen.getAllByRole("option")[0]!;
  expect(fireEvent.mouseDown(option)).toBe(false);
  fireEvent.click(option);
  expect(onAdd).toHaveBeenCalledWith(ANSWERS.a![0]);
  expect(document.activeElement).toBe(input());
});
