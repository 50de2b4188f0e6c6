import { createChart, type IChartApi, type TickMarkType } from "lightweight-charts";

import { decimalsOf, type Direction } from "@/shared/format/decimal";
import type { LivePrice } from "@/shared/prices/priceStore";
import type { Anomaly } from "@/shared/protocol/frames";

import { AnomalyMarks } from "./AnomalyMarks";
import { barOf } from "./bars";
import { CandleDrawing } from "./CandleDrawing";
import { type Drawing, RIGHT_OFFSET } from "./Drawing";
import { SECONDS } from "./intervals";
import { LineDrawing } from "./LineDrawing";
import { pointsOf } from "./points";
import { priceLabel } from "./priceLabel";
import { chartOptions, readTheme } from "./theme";
import type { Recorded } from "./useHistory";

/** lightweight-charts, reduced to what this screen asks of it. Knows no React. */
export class TickerChart {
  private readonly chart: IChartApi;
  private readonly marks: AnomalyMarks;
  private drawing: Drawing | null = null;
  private decimals = 2;

  constructor(private readonly element: HTMLElement) {
    const theme = readTheme(element);
    this.marks = new AnomalyMarks(theme);
    this.chart = createChart(element, {
      ...chartOptions(theme),
      autoSize: true,
      localization: {
        timeFormatter: (seconds: number) => this.drawing?.stamp(seconds * 1000) ?? "",
        priceFormatter: (price: number) => priceLabel(price, this.decimals),
      },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.08 } },
      timeScale: {
        borderVisible: false,
        timeVisible: true,
        secondsVisible: true,
        rightOffset: RIGHT_OFFSET,
        minBarSpacing: 0.1,
        allowBoldLabels: false,
        tickMarkFormatter: (seconds: number, type: TickMarkType) =>
          this.drawing?.tickLabel(seconds * 1000, type) ?? "",
      },
      handleScroll: { vertTouchDrag: false },
    });
    element.addEventListener("wheel", leaveToPage, { capture: true, passive: true });
  }

  destroy(): void {
    this.element.removeEventListener("wheel", leaveToPage, { capture: true });
    this.chart.remove();
  }

  /** After the system changed between light and dark. */
  repaint(): void {
    const theme = readTheme(this.element);
    this.chart.applyOptions(chartOptions(theme));
    this.drawing?.repaint(theme);
    this.marks.repaint(theme);
  }

  /** Draw this, in the place of what was drawn. */
  show(recorded: Recorded): void {
    if (this.drawing !== null) this.chart.removeSeries(this.drawing.series);
    const { chart } = this;
    const theme = readTheme(this.element);
    this.drawing =
      recorded.interval === "tick"
        ? new LineDrawing(chart, theme, pointsOf(recorded.prices))
        : new CandleDrawing(chart, theme, recorded.prices.map(barOf), SECONDS[recorded.interval]);
    this.marks.pinTo(this.drawing.series, recorded);
    this.setPriceFormat();
  }

  /** Where the price jumped. */
  mark(anomalies: readonly Anomaly[]): void {
    this.marks.show(anomalies);
  }

  zoomTo(minutes: number): void {
    if (this.drawing === null) return;
    this.chart.timeScale().setVisibleLogicalRange(this.drawing.sight(minutes));
  }

  pan(bars: number): void {
    const scale = this.chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  moved(price: LivePrice, direction: Direction): void {
    const { price: text, updated_at: at } = price;
    if (text === null || at === null) return;
    this.drawing?.moved({ ...price, price: text, updated_at: at }, direction);
    if (decimalsOf(text) === this.decimals) return;
    this.decimals = decimalsOf(text);
    this.setPriceFormat();
  }

  private setPriceFormat(): void {
    const precision = this.decimals;
    const minMove = 1 / 10 ** precision;
    this.drawing?.series.applyOptions({ priceFormat: { type: "price", precision, minMove } });
  }
}

/** The wheel scrolls the page; with Ctrl, which is what two fingers on a touchpad send, it zooms. */
function leaveToPage(event: WheelEvent): void {
  if (!event.ctrlKey) event.stopPropagation();
}
