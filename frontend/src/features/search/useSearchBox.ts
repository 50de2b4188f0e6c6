import { type KeyboardEvent, useState } from "react";

import type { Security } from "@/shared/api/types";

import { type Suggestions, useSuggestions } from "./useSuggestions";

export type SearchActions = {
  listed: ReadonlySet<string>;
  onAdd: (security: Security) => void;
  /** Chosen although it is on the list already: show it there. */
  onShow: (ticker: string) => void;
};

/** The state of the combobox: what is typed, what is offered, what Enter would take. */
export function useSearchBox({ listed, onAdd, onShow }: SearchActions) {
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const [takesNext, setTakesNext] = useState(false);
  const query = text.trim();
  const suggestions = useSuggestions(query, answered);
  const isCurrent = suggestions.query === query;
  const { found } = suggestions;

  function take(security: Security | undefined): void {
    if (security === undefined) return;
    if (listed.has(security.ticker)) onShow(security.ticker);
    else onAdd(security);
    reset();
  }

  /** If Enter came faster than the answer: take what was meant, when the answer leaves no doubt. */
  function answered(answer: Suggestions): void {
    if (!takesNext) return;
    setTakesNext(false);
    const exact = answer.found.find(({ ticker }) => ticker === answer.query.toUpperCase());
    take(exact ?? (answer.found.length === 1 ? answer.found[0] : undefined));
  }

  function reset(): void {
    setText("");
    setActive(0);
    setOpen(false);
    setTakesNext(false);
  }

  function type(next: string): void {
    setText(next);
    setActive(0);
    setOpen(true);
    setTakesNext(false);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      if (isOpen) setActive((active + step + found.length) % found.length);
      setOpen(true);
    } else if (event.key === "Enter" && query !== "") {
      event.preventDefault();
      if (isCurrent) take(found[active]);
      else setTakesNext(true);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (isOpen && query !== "") setOpen(false);
      else reset();
    }
  }

  return {
    text,
    query,
    isOpen: isOpen && query !== "",
    isCurrent,
    active: Math.min(active, Math.max(0, found.length - 1)),
    suggestions,
    type,
    take,
    reset,
    setActive,
    setOpen,
    onKeyDown,
  };
}
