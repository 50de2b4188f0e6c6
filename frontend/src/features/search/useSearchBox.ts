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
  // By its name: another answer has others in its place.
  const [activeTicker, setActive] = useState<string | null>(null);
  const [takesNext, setTakesNext] = useState(false);
  const query = text.trim();
  const { suggestions, searchAgain } = useSuggestions(query, answered);
  const isCurrent = suggestions.query === query;
  const { found } = suggestions;
  const active = Math.max(0, found.findIndex(({ ticker }) => ticker === activeTicker));

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
    setActive(null);
    setOpen(false);
    setTakesNext(false);
  }

  function type(next: string): void {
    setText(next);
    setActive(null);
    setOpen(true);
    setTakesNext(false);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      if (isOpen) setActive(found[(active + step + found.length) % found.length]?.ticker ?? null);
      setOpen(true);
    } else if (event.key === "Enter" && query !== "") {
      event.preventDefault();
      // What was pointed at is meant, whatever the answer that is still to come.
      const isChosen = found[active]?.ticker === activeTicker;
      if (isChosen || (isCurrent && suggestions.problem === null)) return take(found[active]);
      setTakesNext(true);
      if (isCurrent) searchAgain();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (!isOpen || query === "") return reset();
      setOpen(false);
      setTakesNext(false);
    }
  }

  return {
    text,
    query,
    isOpen: isOpen && query !== "",
    isCurrent,
    active,
    suggestions,
    type,
    take,
    reset,
    setActive,
    setOpen,
    onKeyDown,
  };
}
