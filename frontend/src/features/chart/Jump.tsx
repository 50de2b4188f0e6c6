import { formatPercent } from "@/shared/format/decimal";
import { formatClock } from "@/shared/format/time";
import type { Anomaly } from "@/shared/protocol/frames";
import { ArrowDown, ArrowUp } from "@/shared/ui/icons";

import styles from "./Jump.module.css";

const ARROWS = { up: ArrowUp, down: ArrowDown };

/** The newest anomaly in words, for those too who cannot see its marker on the chart. */
export function Jump({ anomaly }: { anomaly: Anomaly }) {
  const Arrow = ARROWS[anomaly.direction];
  return (
    <>
      <span className={styles.change} data-direction={anomaly.direction}>
        <Arrow />
        {formatPercent(anomaly.pct_change)}
      </span>{" "}
      {formatClock(anomaly.at)}
    </>
  );
}
