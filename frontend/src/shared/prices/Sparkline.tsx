import { useEffect, useRef } from "react";

import { priceStore } from "./priceStore";
import { sparkPath } from "./sparkPath";
import styles from "./Sparkline.module.css";
import { loadTrail } from "./trailLoader";
import { onVisibility } from "./visibility";

const BOX = { width: 96, height: 28, inset: 3 };
const VIEW = `0 0 ${BOX.width} ${BOX.height}`;

/** Draws the recent prices of a ticker while it is in sight; React renders it only once. */
export function Sparkline({ ticker }: { ticker: string }) {
  const svg = useRef<SVGSVGElement>(null);

  useEffect(() => {
    if (svg.current === null) return;
    const [line, dot] = svg.current.children;
    let stop: (() => void)[] = [];
    const draw = (): void => {
      const path = sparkPath(priceStore.trail(ticker), BOX);
      line?.setAttribute("d", path?.line ?? "");
      dot?.setAttribute("d", path === null ? "" : `M${path.endX} ${path.endY.toFixed(1)}h0`);
    };
    return onVisibility(svg.current, (isVisible) => {
      for (const end of stop) end();
      stop = [];
      if (!isVisible) return;
      draw();
      stop = [priceStore.subscribe(ticker, draw), loadTrail(ticker, draw)];
    });
  }, [ticker]);

  return (
    <svg ref={svg} className={styles.spark} viewBox={VIEW} preserveAspectRatio="none" aria-hidden="true">
      <path className={styles.line} />
      <path className={styles.dot} />
    </svg>
  );
}
