import { useEffect, useState } from "react";

import { messageOf } from "@/shared/api/errors";
import { getCandles, getHistory } from "@/shared/api/getHistory";
import type { Candle, HistoryInterval, PricePoint } from "@/shared/api/types";
import { readPersistently } from "@/shared/retry";

import type { CandleInterval } from "./intervals";

const LIMIT = 1000;

/** What was recorded of a ticker: every price, or candles. */
export type Recorded =
  | { interval: "tick"; prices: readonly PricePoint[] }
  | { interval: CandleInterval; prices: readonly Candle[] };

type History = { ticker: string; recorded: Recorded | null; problem: string | null };

/**
 * What was recorded of a ticker; read anew when `round` changes, for instance after a gap, and
 * where it could not be read until it can.
 */
export function useHistory(ticker: string, interval: HistoryInterval, round: number): History {
  const [history, setHistory] = useState<History>({ ticker, recorded: null, problem: null });

  useEffect(
    () =>
      readPersistently({
        read: (signal) => read(ticker, interval, signal),
        onRead: (recorded) => setHistory({ ticker, recorded, problem: null }),
        onProblem: (error) =>
          // What is drawn already stays, if of this interval: an old chart is better than none.
          setHistory((known) => {
            const isWanted = known.ticker === ticker && known.recorded?.interval === interval;
            return { ticker, recorded: isWanted ? known.recorded : null, problem: messageOf(error) };
          }),
      }),
    [ticker, interval, round],
  );

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
