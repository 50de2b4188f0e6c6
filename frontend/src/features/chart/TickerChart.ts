import { createChart, type IChartApi, type TickMarkType } from "lightweight-charts";

import type { HistoryInterval } from "@/shared/api/types";
import { decimalsOf, type Direction } from "@/shared/format/decimal";
import type { LivePrice } from "@/shared/prices/priceStore";
import type { Anomaly } from "@/shared/protocol/frames";

import { AnomalyMarks } from "./AnomalyMarks";
import { barOf } from "./bars";
import { CandleDrawing } from "./CandleDrawing";
import type { Drawing } from "./Drawing";
import { SECONDS } from "./intervals";
import { LineDrawing } from "./LineDrawing";
import { pointsOf } from "./points";
import { priceLabel } from "./priceLabel";
import { chartOptions, readTheme } from "./theme";
import { markLabel, momentLabel } from "./timeLabel";
import type { Recorded } from "./useHistory";

/**
 * Room to the right of the newest price, however many bars that is: for half of what names its
 * time, and somewhat more, as the price axis takes its share of the element's width.
 */
const ROOM_PX = 36;

/** lightweight-charts, reduced to what this screen asks of it. Knows no React. */
export class TickerChart {
  private readonly chart: IChartApi;
  private readonly marks: AnomalyMarks;
  private drawing: Drawing | null = null;
  private ticker: string | null = null;
  private interval: HistoryInterval = "tick";
  private minutes = Infinity;
  private decimals = 2;

  constructor(private readonly element: HTMLElement) {
    const theme = readTheme(element);
    this.marks = new AnomalyMarks(theme);
    this.chart = createChart(element, {
      ...chartOptions(theme),
      autoSize: true,
      localization: {
        timeFormatter: (seconds: number) => momentLabel(seconds * 1000, this.interval),
        priceFormatter: (price: number) => priceLabel(price, this.decimals),
      },
      rightPriceScale: {
        borderVisible: false,
        entireTextOnly: true,
        scaleMargins: { top: 0.12, bottom: 0.08 },
      },
      timeScale: {
        borderVisible: false,
        timeVisible: true,
        secondsVisible: true,
        rightOffsetPixels: ROOM_PX,
        minBarSpacing: 0.1,
        allowBoldLabels: false,
        tickMarkFormatter: (seconds: number, type: TickMarkType) =>
          markLabel(seconds * 1000, type, this.interval),
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

  /**
   * Draw this, in the place of what was drawn. What is only read anew, of the same ticker and
   * interval, is looked at from where the reader is: the time scale keeps its place and its zoom.
   */
  show(ticker: string, recorded: Recorded): void {
    const { interval } = recorded;
    const isAnother = this.ticker !== ticker || this.interval !== interval;
    this.ticker = ticker;
    this.interval = interval;
    if (this.drawing !== null) this.chart.removeSeries(this.drawing.series);
    const { chart } = this;
    const theme = readTheme(this.element);
    this.drawing =
      recorded.interval === "tick"
        ? new LineDrawing(chart, theme, pointsOf(recorded.prices))
        : new CandleDrawing(chart, theme, recorded.prices.map(barOf), SECONDS[recorded.interval]);
    this.marks.pinTo(this.drawing.series, recorded);
    this.setDecimals(Math.max(...textsOf(recorded).map(decimalsOf), isAnother ? 2 : this.decimals));
    if (!isAnother) return;
    // Labels are kept by their time; those of days in UTC are others than those of hours.
    this.chart.timeScale().applyOptions({});
    this.zoomTo(this.minutes);
  }

  /** Where the price jumped. */
  mark(anomalies: readonly Anomaly[]): void {
    this.marks.show(anomalies);
  }

  /** The newest minutes are in sight, and of whatever is shown next. */
  zoomTo(minutes: number): void {
    this.minutes = minutes;
    if (this.drawing === null) return;
    const { from, to } = this.drawing.sight(minutes);
    // Of the time scale itself nobody knows the width before it was painted.
    const room = (ROOM_PX * (to - from + 1)) / Math.max(1, this.element.clientWidth - ROOM_PX);
    this.chart.timeScale().setVisibleLogicalRange({ from, to: to + room });
  }

  pan(bars: number): void {
    const scale = this.chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  moved(price: LivePrice, direction: Direction): void {
    const { price: text, updated_at: at } = price;
    if (text === null || at === null) return;
    this.drawing?.moved({ ...price, price: text, updated_at: at }, direction);
    if (decimalsOf(text) > this.decimals) this.setDecimals(decimalsOf(text));
  }

  /** As many as the price with the most of them: prices come without the zeros at their end. */
  private setDecimals(precision: number): void {
    this.decimals = precision;
    const minMove = 1 / 10 ** precision;
    this.drawing?.series.applyOptions({ priceFormat: { type: "price", precision, minMove } });
  }
}

function textsOf({ interval, prices }: Recorded): string[] {
  if (interval === "tick") return prices.map(({ price }) => price);
  return prices.flatMap(({ open, high, low, close }) => [open, high, low, close]);
}

/** The wheel scrolls the page; with Ctrl, which is what two fingers on a touchpad send, it zooms. */
function leaveToPage(event: WheelEvent): void {
  if (!event.ctrlKey) event.stopPropagation();
}
