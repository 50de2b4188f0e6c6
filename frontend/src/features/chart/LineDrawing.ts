import { AreaSeries, type IChartApi, type IPriceLine, LineStyle } from "lightweight-charts";

import type { Direction } from "@/shared/format/decimal";

import type { Drawing, Move } from "./Drawing";
import { type Point, pointOf, startOf } from "./points";
import { seriesColors, type Theme } from "./theme";

/** Every price, as a line over an area; beside it the previous close. */
export class LineDrawing implements Drawing {
  readonly series;
  private direction: Direction = "flat";
  private closeLine: IPriceLine | null = null;
  private close: string | null = null;

  constructor(
    chart: IChartApi,
    private theme: Theme,
    private readonly points: Point[],
  ) {
    this.series = chart.addSeries(AreaSeries, { lineWidth: 2, priceLineVisible: false });
    this.series.setData(points);
    this.repaint(theme);
  }

  repaint(theme: Theme): void {
    this.theme = theme;
    this.series.applyOptions(seriesColors(theme, this.direction));
    this.closeLine?.applyOptions({ color: theme.cursor });
  }

  moved(price: Move, direction: Direction): void {
    this.color(direction);
    this.showClose(price.previous_close);
    const point = pointOf(price.updated_at, price.price);
    const last = this.points.at(-1);
    if (last !== undefined && point.time < last.time) return;
    if (last?.time === point.time) this.points.pop();
    this.points.push(point);
    this.series.update(point);
  }

  sight(minutes: number) {
    return { from: startOf(this.points, minutes), to: this.points.length - 1 };
  }

  private color(direction: Direction): void {
    if (direction === this.direction) return;
    this.direction = direction;
    this.series.applyOptions(seriesColors(this.theme, direction));
  }

  private showClose(close: string | null): void {
    if (close === this.close) return;
    this.close = close;
    if (this.closeLine !== null) this.series.removePriceLine(this.closeLine);
    this.closeLine =
      close === null
        ? null
        : this.series.createPriceLine({
            price: Number(close),
            color: this.theme.cursor,
            lineWidth: 1,
            lineStyle: LineStyle.Dotted,
            axisLabelVisible: false,
            title: "prev. close",
          });
  }
}
