import type { Market } from "@/shared/api/types";
import { formatStamp } from "@/shared/format/time";

import styles from "./MarketBadge.module.css";
import { useMarket } from "./useMarket";

const LABELS: Record<Market["state"], string | null> = {
  always: null,
  pre: "Pre-market",
  open: "Market open",
  post: "After hours",
  closed: "Market closed",
};

/** Why prices do not move at night; nothing at all where they always do. */
export function MarketBadge() {
  const market = useMarket();
  const label = market && LABELS[market.state];
  if (!label) return null;
  const hint = market.until === null ? undefined : `Until ${formatStamp(market.until)}.`;
  return (
    <span role="status" aria-label="Market" className={styles.badge} data-state={market.state} title={hint}>
      {label}
    </span>
  );
}
