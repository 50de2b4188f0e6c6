import { AreaSeries, createChart, type IChartApi, type IPriceLine, LineStyle } from "lightweight-charts";

import { decimalsOf, type Direction, formatDecimal } from "@/shared/format/decimal";
import { formatClock, formatStamp } from "@/shared/format/time";
import type { LivePrice } from "@/shared/prices/priceStore";

import { type Point, pointOf, shownMinutes, startOf } from "./points";
import { chartOptions, readTheme, seriesColors, type Theme } from "./theme";

const RIGHT_OFFSET = 4;

/** lightweight-charts, reduced to what this screen asks of it. Knows no React. */
export class TickerChart {
  private readonly chart: IChartApi;
  private readonly series;
  private points: Point[] = [];
  private theme: Theme;
  private direction: Direction = "flat";
  private decimals = 2;
  private hasWideRange = false;
  private closeLine: IPriceLine | null = null;
  private close: string | null = null;

  constructor(private readonly element: HTMLElement) {
    this.theme = readTheme(element);
    this.chart = createChart(element, {
      ...chartOptions(this.theme),
      autoSize: true,
      localization: {
        timeFormatter: (seconds: number) => formatStamp(seconds * 1000),
        priceFormatter: (price: number) => formatDecimal(price.toFixed(this.decimals)),
      },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.08 } },
      timeScale: {
        borderVisible: false,
        timeVisible: true,
        secondsVisible: true,
        rightOffset: RIGHT_OFFSET,
        minBarSpacing: 0.1,
        allowBoldLabels: false,
        tickMarkFormatter: (seconds: number) => this.tickLabel(seconds * 1000),
      },
      handleScroll: { vertTouchDrag: false },
    });
    this.series = this.chart.addSeries(AreaSeries, { lineWidth: 2, priceLineVisible: false });
    this.repaint();
  }

  destroy(): void {
    this.chart.remove();
  }

  /** After the system changed between light and dark. */
  repaint(): void {
    this.theme = readTheme(this.element);
    this.chart.applyOptions(chartOptions(this.theme));
    this.series.applyOptions(seriesColors(this.theme, this.direction));
    this.closeLine?.applyOptions({ color: this.theme.cursor });
  }

  show(points: Point[]): void {
    this.points = points;
    this.series.setData(points);
  }

  zoomTo(minutes: number): void {
    this.hasWideRange = shownMinutes(this.points, minutes) > 10;
    const to = this.points.length - 1 + RIGHT_OFFSET;
    this.chart.timeScale().setVisibleLogicalRange({ from: startOf(this.points, minutes), to });
  }

  pan(bars: number): void {
    const scale = this.chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  moved(price: LivePrice, direction: Direction): void {
    if (price.price === null || price.updated_at === null) return;
    this.color(direction);
    this.showClose(price.previous_close);
    const point = pointOf(price.updated_at, price.price);
    const last = this.points.at(-1);
    if (last !== undefined && point.time < last.time) return;
    if (last?.time === point.time) this.points.pop();
    this.points.push(point);
    this.series.update(point);
    this.setDecimals(decimalsOf(price.price));
  }

  /** Minutes name the marks of a wide range; close up, several marks share one. */
  private tickLabel(ms: number): string {
    const clock = formatClock(ms);
    return this.hasWideRange ? clock.replace(/:\d\d$/, "") : clock;
  }

  private color(direction: Direction): void {
    if (direction === this.direction) return;
    this.direction = direction;
    this.series.applyOptions(seriesColors(this.theme, direction));
  }

  private setDecimals(precision: number): void {
    if (precision === this.decimals) return;
    this.decimals = precision;
    const minMove = 1 / 10 ** precision;
    this.series.applyOptions({ priceFormat: { type: "price", precision, minMove } });
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
