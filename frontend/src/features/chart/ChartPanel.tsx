import { lazy, Suspense, useState } from "react";

import type { HistoryInterval } from "@/shared/api/types";
import { formatDecimal } from "@/shared/format/decimal";
import { formatClock } from "@/shared/format/time";
import { Change } from "@/shared/prices/Change";
import { useHasPrice, usePrice } from "@/shared/prices/usePrice";
import type { Anomaly } from "@/shared/protocol/frames";
import { Boundary } from "@/shared/ui/Boundary";

import styles from "./ChartPanel.module.css";
import { Choices } from "./Choices";
import { INTERVALS } from "./intervals";
import { Jump } from "./Jump";
import { latestOf } from "./markers";
import { RANGES } from "./ranges";
import { useAnomalies } from "./useAnomalies";
import { useHistory } from "./useHistory";

// The chart library is half of the page's code; the list need not wait for it.
const PriceChart = lazy(() => import("./PriceChart"));

type Subject = { ticker: string; name: string; exchange: string; currency: string };

/** The chosen stock: where it stands, and how it got there. */
export function ChartPanel({ subject, round }: { subject: Subject; round: number }) {
  const [interval, setInterval] = useState<HistoryInterval>("tick");
  const [minutes, setMinutes] = useState<number>(15);
  const { recorded, problem } = useHistory(subject.ticker, interval, round);
  const anomalies = useAnomalies(subject.ticker);
  const hasPrice = useHasPrice(subject.ticker);
  const isEmpty = recorded?.prices.length === 0 && !hasPrice;

  return (
    <section className={styles.panel} aria-labelledby="chart-title">
      <Headline subject={subject} jump={latestOf(anomalies)} />
      <div className={styles.chart}>
        {recorded !== null && !isEmpty && (
          <Boundary fallback={<NotLoaded />}>
            <Suspense>
              <PriceChart
                ticker={subject.ticker}
                recorded={recorded}
                minutes={minutes}
                anomalies={anomalies}
              />
            </Suspense>
          </Boundary>
        )}
        {isEmpty && <p className={styles.note}>No prices recorded yet.</p>}
        {recorded === null && problem !== null && <p className={styles.note}>{problem}</p>}
      </div>
      <footer className={styles.footer}>
        <Choices label="Interval" choices={INTERVALS} chosen={interval} onChoose={setInterval} />
        {interval === "tick" && (
          <Choices label="Time range" choices={RANGES} chosen={minutes} onChoose={setMinutes} />
        )}
        <p className={styles.credit}>
          Chart by{" "}
          <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
            TradingView
          </a>{" "}
          Lightweight Charts™
        </p>
      </footer>
    </section>
  );
}

/** Its code may be another by now: after an upgrade only the new page knows where that is. */
function NotLoaded() {
  return (
    <div className={styles.note}>
      <p>The chart could not be loaded.</p>
      <button type="button" className={styles.reload} onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}

function Headline({ subject, jump }: { subject: Subject; jump: Anomaly | undefined }) {
  const price = usePrice(subject.ticker);
  return (
    <header className={styles.header}>
      <div className={styles.who}>
        <h2 id="chart-title" className={styles.ticker}>
          {subject.ticker}
          {subject.exchange !== "" && <span className={styles.exchange}>{subject.exchange}</span>}
        </h2>
        <p className={styles.name}>{subject.name}</p>
      </div>
      <div className={styles.standing}>
        <p className={styles.price}>
          {price?.price == null ? "—" : formatDecimal(price.price)}
          <wbr />
          <small>{subject.currency}</small>
        </p>
        <Change price={price} size="hero" />
      </div>
      <dl className={styles.facts}>
        {jump !== undefined && (
          <div>
            <dt>Last jump</dt>
            <dd>
              <Jump anomaly={jump} />
            </dd>
          </div>
        )}
        <div>
          <dt>Previous close</dt>
          <dd>{price?.previous_close == null ? "—" : formatDecimal(price.previous_close)}</dd>
        </div>
        <div>
          <dt>Last update</dt>
          <dd>{price?.updated_at == null ? "—" : formatClock(price.updated_at)}</dd>
        </div>
      </dl>
    </header>
  );
}
