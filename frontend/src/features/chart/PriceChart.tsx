import { type KeyboardEvent, useEffect, useRef } from "react";

import type { PricePoint } from "@/shared/api/types";
import { directionOf } from "@/shared/format/decimal";
import { priceStore } from "@/shared/prices/priceStore";

import { pointsOf } from "./points";
import styles from "./PriceChart.module.css";
import { TickerChart } from "./TickerChart";

type Props = { ticker: string; history: readonly PricePoint[]; minutes: number };

const PAN_BARS = 20;

/** Starts from history and moves with the price store; React only hands over the element. */
export default function PriceChart({ ticker, history, minutes }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<TickerChart>(null);
  const range = useRef(minutes);

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

  useEffect(() => {
    chart.current?.show(pointsOf(history));
    chart.current?.zoomTo(range.current);
    const follow = (): void => {
      const price = priceStore.get(ticker);
      if (price !== undefined) chart.current?.moved(price, directionOf(price.abs_change ?? "0"));
    };
    follow();
    return priceStore.subscribe(ticker, follow);
  }, [ticker, history]);

  useEffect(() => {
    range.current = minutes;
    chart.current?.zoomTo(minutes);
  }, [minutes]);

  function onKeyDown(event: KeyboardEvent): void {
    const bars = { ArrowLeft: -PAN_BARS, ArrowRight: PAN_BARS }[event.key];
    if (bars === undefined) return;
    event.preventDefault();
    chart.current?.pan(bars);
  }

  return (
    <div
      className={styles.frame}
      role="group"
      aria-label={`Price chart of ${ticker}. The left and right arrow keys move through time.`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div ref={element} className={styles.canvas} aria-hidden="true" />
    </div>
  );
}
