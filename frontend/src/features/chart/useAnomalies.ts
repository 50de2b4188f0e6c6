import { useEffect, useState } from "react";

import type { Anomaly } from "@/shared/protocol/frames";

import { AnomalyFeed } from "./AnomalyFeed";

const NONE: readonly Anomaly[] = [];

/** A ticker's anomalies, as they are found. */
export function useAnomalies(ticker: string): readonly Anomaly[] {
  const [found, setFound] = useState({ ticker, anomalies: NONE });

  useEffect(() => {
    const feed = new AnomalyFeed(ticker, {
      onChange: (anomalies) => setFound({ ticker, anomalies }),
    });
    feed.start();
    return () => feed.stop();
  }, [ticker]);

  return found.ticker === ticker ? found.anomalies : NONE;
}
