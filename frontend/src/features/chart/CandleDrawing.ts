import { CandlestickSeries, type IChartApi } from "lightweight-charts";

import { type Bar, barAfter } from "./bars";
import type { Drawing, Move } from "./Drawing";
import { candleColors, type Theme } from "./theme";

/** So many are in sight at first. Where there are fewer, they keep to the right and do not grow fat. */
const MOST_IN_SIGHT = 72;
const LEAST_IN_SIGHT = 30;

/** Candles; the newest moves with the prices that arrive. */
export class CandleDrawing implements Drawing {
  readonly series;

  constructor(
    chart: IChartApi,
    theme: Theme,
    private readonly bars: Bar[],
    private readonly seconds: number,
  ) {
    this.series = chart.addSeries(CandlestickSeries, { priceLineVisible: false });
    this.series.setData(bars);
    this.repaint(theme);
  }

  repaint(theme: Theme): void {
    this.series.applyOptions(candleColors(theme));
  }

  moved({ updated_at: at, price }: Move): void {
    const last = this.bars.at(-1);
    const bar = barAfter(last, { at, price }, this.seconds);
    if (bar === null) return;
    if (last?.time === bar.time) this.bars.pop();
    this.bars.push(bar);
    this.series.update(bar);
  }

  sight() {
    const count = this.bars.length;
    const inSight = Math.min(Math.max(count, LEAST_IN_SIGHT), MOST_IN_SIGHT);
    return { from: count - inSight, to: count - 1 };
  }
}
