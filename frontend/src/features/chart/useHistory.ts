import { useEffect, useState } from "react";

import { isAbort, messageOf } from "@/shared/api/errors";
import { getHistory } from "@/shared/api/getHistory";
import type { PricePoint } from "@/shared/api/types";

const LIMIT = 1000;

export type History = { ticker: string; points: readonly PricePoint[] | null; problem: string | null };

/** Recorded prices of a ticker; read anew when `round` changes, for instance after a gap. */
export function useHistory(ticker: string, round: number): History {
  const [history, setHistory] = useState<History>({ ticker, points: null, problem: null });

  useEffect(() => {
    const abort = new AbortController();
    getHistory(ticker, { limit: LIMIT, signal: abort.signal }).then(
      (points) => {
        if (!abort.signal.aborted) setHistory({ ticker, points, problem: null });
      },
      (error: unknown) => {
        if (isAbort(error)) return;
        // What is drawn already stays: an old chart is better than none.
        setHistory((known) => {
          const points = known.ticker === ticker ? known.points : null;
          return { ticker, points, problem: messageOf(error) };
        });
      },
    );
    return () => abort.abort();
  }, [ticker, round]);

  return history.ticker === ticker ? history : { ticker, points: null, problem: null };
}
