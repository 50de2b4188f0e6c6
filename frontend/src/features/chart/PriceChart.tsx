import { type KeyboardEvent, useEffect, useRef } from "react";

import { directionOf } from "@/shared/format/decimal";
import { priceStore } from "@/shared/prices/priceStore";
import type { Anomaly } from "@/shared/protocol/frames";

import { INTERVALS } from "./intervals";
import styles from "./PriceChart.module.css";
import { TickerChart } from "./TickerChart";
import type { Recorded } from "./useHistory";

type Props = {
  ticker: string;
  recorded: Recorded;
  minutes: number;
  anomalies: readonly Anomaly[];
};

const PAN_BARS = 20;

/** Starts from history and moves with the price store; React only hands over the element. */
export default function PriceChart({ ticker, recorded, minutes, anomalies }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<TickerChart>(null);

  useEffect(() => {
    if (element.current === null) return;
    const mine = (chart.current = new TickerChart(element.current));
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => mine.repaint();
    scheme.addEventListener("change", repaint);
    return () => {
      scheme.removeEventListener("change", repaint);
      mine.destroy();
      chart.current = null;
    };
  }, []);

  useEffect(() => chart.current?.zoomTo(minutes), [minutes]);

  useEffect(() => {
    chart.current?.show(ticker, recorded);
    const follow = (): void => {
      const price = priceStore.get(ticker);
      if (price !== undefined) chart.current?.moved(price, directionOf(price.abs_change ?? "0"));
    };
    follow();
    return priceStore.subscribe(ticker, follow);
  }, [ticker, recorded]);

  useEffect(() => chart.current?.mark(anomalies), [anomalies]);

  function onKeyDown(event: KeyboardEvent): void {
    const bars = { ArrowLeft: -PAN_BARS, ArrowRight: PAN_BARS }[event.key];
    // With another key held the arrows are the browser's: Alt and left goes back a page.
    if (bars === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    chart.current?.pan(bars);
  }

  const drawn = INTERVALS.find(({ value }) => value === recorded.interval)?.title;
  const label = `Price chart of ${ticker}. ${drawn}. The left and right arrow keys move through time.`;
  return (
    <div
      className={styles.frame}
      role="group"
      aria-label={label}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div ref={element} className={styles.canvas} aria-hidden="true" />
    </div>
  );
}
