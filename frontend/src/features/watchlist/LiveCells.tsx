import { directionOf, formatDecimal } from "@/shared/format/decimal";
import { formatClock, formatStamp } from "@/shared/format/time";
import { Change } from "@/shared/prices/Change";
import { Sparkline } from "@/shared/prices/Sparkline";
import { usePrice } from "@/shared/prices/usePrice";

import styles from "./LiveCells.module.css";

/** The cells of a row that move: the only part that renders when a price comes in. */
export function LiveCells({ ticker, currency }: { ticker: string; currency: string }) {
  const price = usePrice(ticker);
  const updatedAt = price?.updated_at ?? null;
  return (
    <>
      <span
        role="cell"
        className={styles.spark}
        data-direction={directionOf(price?.abs_change ?? "0")}
      >
        <Sparkline ticker={ticker} />
      </span>
      <span role="cell" className={styles.price}>
        {/* A new key restarts the flash, also when a price moves the same way twice. */}
        <span key={price?.sequence} className={styles.amount} data-moved={price?.moved}>
          {price?.price == null ? "—" : formatDecimal(price.price)}
        </span>
        <wbr />
        <small className={styles.currency}>{currency}</small>
      </span>
      <span role="cell" className={styles.change}>
        <Change price={price} />
      </span>
      <span role="cell" className={styles.updated}>
        {updatedAt === null ? (
          "no price yet"
        ) : (
          <time dateTime={new Date(updatedAt).toISOString()} title={formatStamp(updatedAt)}>
            {formatClock(updatedAt)}
          </time>
        )}
      </span>
    </>
  );
}
