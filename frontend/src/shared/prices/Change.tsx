import { directionOf, formatPercent, formatSigned } from "@/shared/format/decimal";
import { ArrowDown, ArrowUp, Dash } from "@/shared/ui/icons";

import styles from "./Change.module.css";
import type { LivePrice } from "./priceStore";

const ARROWS = { up: ArrowUp, down: ArrowDown, flat: Dash };

/** Arrow, sign and colour together: no reader depends on one of them. */
export function Change({ price, size = "row" }: { price: LivePrice | undefined; size?: "row" | "hero" }) {
  const { abs_change: change = null, pct_change: percent = null } = price ?? {};
  if (change === null || percent === null) return <span className={styles.none}>—</span>;
  const direction = directionOf(change);
  const Arrow = ARROWS[direction];
  return (
    <span className={styles.change} data-direction={direction} data-size={size}>
      <span className={styles.amount}>{formatSigned(change)}</span>
      <span className={styles.percent}>
        <Arrow />
        {formatPercent(percent)}
      </span>
    </span>
  );
}
