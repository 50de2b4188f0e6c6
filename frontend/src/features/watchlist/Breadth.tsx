import { useSyncExternalStore } from "react";

import { directionOf } from "@/shared/format/decimal";
import { priceStore } from "@/shared/prices/priceStore";
import { ArrowDown, ArrowUp } from "@/shared/ui/icons";

import styles from "./Breadth.module.css";

/** How the list stands as a whole: how many, and how many of them up and down today. */
export function Breadth({ tickers }: { tickers: readonly string[] }) {
  const counts = useSyncExternalStore(priceStore.subscribeAny, () => count(tickers));
  const [up = "0", down = "0"] = counts.split(" ");
  return (
    <p className={styles.breadth}>
      <span className={styles.total}>{tickers.length === 1 ? "1 stock" : `${tickers.length} stocks`}</span>
      <span className={styles.up}>
        <ArrowUp /> {up} up
      </span>
      <span className={styles.down}>
        <ArrowDown /> {down} down
      </span>
    </p>
  );
}

/** A string, so that the same counts compare equal and nothing renders. */
function count(tickers: readonly string[]): string {
  let up = 0;
  let down = 0;
  for (const ticker of tickers) {
    const direction = directionOf(priceStore.get(ticker)?.abs_change ?? "0");
    if (direction === "up") up += 1;
    if (direction === "down") down += 1;
  }
  return `${up} ${down}`;
}
