import {
  createSeriesMarkers,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesType,
  type Time,
} from "lightweight-charts";

import type { Anomaly } from "@/shared/protocol/frames";

import { barStart } from "./bars";
import { SECONDS } from "./intervals";
import { markersOf } from "./markers";
import type { Theme } from "./theme";
import type { Recorded } from "./useHistory";

/** Arrows where the price jumped, pinned to whatever is drawn. */
export class AnomalyMarks {
  private anomalies: readonly Anomaly[] = [];
  private bars = { seconds: 1, first: 0 };
  private plugin: ISeriesMarkersPluginApi<Time> | null = null;

  constructor(private theme: Theme) {}

  repaint(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  /** Another series is drawn; what was pinned to the one before went with it. */
  pinTo(series: ISeriesApi<SeriesType>, { interval, prices }: Recorded): void {
    const seconds = interval === "tick" ? 1 : SECONDS[interval];
    this.bars = { seconds, first: barStart(prices[0]?.at ?? 0, seconds) };
    this.plugin = createSeriesMarkers(series, []);
    this.draw();
  }

  show(anomalies: readonly Anomaly[]): void {
    this.anomalies = anomalies;
    this.draw();
  }

  private draw(): void {
    this.plugin?.setMarkers(markersOf(this.anomalies, this.bars, this.theme.lines));
  }
}
