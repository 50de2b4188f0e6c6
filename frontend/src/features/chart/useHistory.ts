import { useEffect, useState } from "react";

import { isAbort, messageOf } from "@/shared/api/errors";
import { getCandles, getHistory } from "@/shared/api/getHistory";
import type { Candle, HistoryInterval, PricePoint } from "@/shared/api/types";

import type { CandleInterval } from "./intervals";

const LIMIT = 1000;

/** What was recorded of a ticker: every price, or candles. */
export type Recorded =
  | { interval: "tick"; prices: readonly PricePoint[] }
  | { interval: CandleInterval; prices: readonly Candle[] };

type History = { ticker: string; recorded: Recorded | null; problem: string | null };

/** What was recorded of a ticker; read anew when `round` changes, for instance after a gap. */
export function useHistory(ticker: string, interval: HistoryInterval, round: number): History {
  const [history, setHistory] = useState<History>({ ticker, recorded: null, problem: null });

  useEffect(() => {
    const abort = new AbortController();
    read(ticker, interval, abort.signal).then(
      (recorded) => {
        if (!abort.signal.aborted) setHistory({ ticker, recorded, problem: null });
      },
      (error: unknown) => {
        if (isAbort(error)) return;
        // What is drawn already stays, if of this interval: an old chart is better than none.
        setHistory((known) => {
          const isWanted = known.ticker === ticker && known.recorded?.interval === interval;
          return { ticker, recorded: isWanted ? known.recorded : null, problem: messageOf(error) };
        });
      },
    );
    return () => abort.abort();
  }, [ticker, interval, round]);

  // Of another interval it stays until the new one is there, so that nothing flickers.
  return history.ticker === ticker ? history : { ticker, recorded: null, problem: null };
}

async function read(
  ticker: string,
  interval: HistoryInterval,
  signal: AbortSignal,
): Promise<Recorded> {
  const wanted = { limit: LIMIT, signal };
  if (interval === "tick") return { interval, prices: await getHistory(ticker, wanted) };
  return { interval, prices: await getCandles(ticker, { ...wanted, interval }) };
}
