import { useEffect, useEffectEvent, useState } from "react";

import { messageOf } from "@/shared/api/errors";
import { searchSecurities } from "@/shared/api/searchSecurities";
import type { Security } from "@/shared/api/types";

export type Suggestions = {
  /** What these are the answer to; lags behind the input while a search is under way. */
  query: string;
  found: readonly Security[];
  problem: string | null;
};

const NOTHING: Suggestions = { query: "", found: [], problem: null };
const DEBOUNCE_MS = 120;

/** Searches as somebody types, or again; a newer query abandons the one before. */
export function useSuggestions(
  query: string,
  onAnswer: (suggestions: Suggestions) => void,
): { suggestions: Suggestions; searchAgain: () => void } {
  const [suggestions, setSuggestions] = useState(NOTHING);
  const [attempt, setAttempt] = useState(0);
  const answer = useEffectEvent((next: Suggestions) => {
    setSuggestions(next);
    onAnswer(next);
  });

  useEffect(() => {
    if (query === "") return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      searchSecurities(query, { signal: abort.signal }).then(
        (found) => {
          // The request may have been answered before it could be abandoned.
          if (!abort.signal.aborted) answer({ query, found, problem: null });
        },
        (error: unknown) => {
          if (!abort.signal.aborted) answer({ query, found: [], problem: messageOf(error) });
        },
      );
    }, DEBOUNCE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [query, attempt]);

  function searchAgain(): void {
    setSuggestions(NOTHING);
    setAttempt(attempt + 1);
  }

  return { suggestions: isAbout(suggestions, query) ? suggestions : NOTHING, searchAgain };
}

/** While somebody goes on typing the old answer stays; it must not outlive the question. */
function isAbout(suggestions: Suggestions, query: string): boolean {
  if (query === "" || suggestions.query === "") return false;
  return query.startsWith(suggestions.query) || suggestions.query.startsWith(query);
}
