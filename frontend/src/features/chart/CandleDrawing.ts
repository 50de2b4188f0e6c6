import { CandlestickSeries, type IChartApi, TickMarkType } from "lightweight-charts";

import {
  formatDate,
  formatDay,
  formatMinute,
  formatMonth,
  formatStamp,
  formatYear,
} from "@/shared/format/time";

import { type Bar, barAfter } from "./bars";
import { type Drawing, type Move, RIGHT_OFFSET } from "./Drawing";
import { candleColors, type Theme } from "./theme";

/** So many are in sight at first. Where there are fewer, they keep to the right and do not grow fat. */
const MOST_IN_SIGHT = 72;
const LEAST_IN_SIGHT = 30;
const DAY_SECONDS = 86_400;

/** Candles; the newest moves with the prices that arrive. */
export class CandleDrawing implements Drawing {
  readonly series;
  private readonly isOfDays: boolean;
  private readonly zone: "UTC" | undefined;

  constructor(
    chart: IChartApi,
    theme: Theme,
    private readonly bars: Bar[],
    private readonly seconds: number,
  ) {
    // A day's candle is of a day in UTC, whatever the reader's own day is.
    this.isOfDays = seconds === DAY_SECONDS;
    this.zone = this.isOfDays ? "UTC" : undefined;
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
    return { from: count - inSight, to: count - 1 + RIGHT_OFFSET };
  }

  tickLabel(ms: number, type: TickMarkType): string {
    if (type === TickMarkType.Year) return formatYear(ms, this.zone);
    if (type === TickMarkType.Month) return formatMonth(ms, this.zone);
    return this.isOfDays || type === TickMarkType.DayOfMonth ? formatDay(ms, this.zone) : formatMinute(ms);
  }

  stamp(ms: number): string {
    return this.isOfDays ? formatDate(ms, this.zone) : formatStamp(ms);
  }
}
