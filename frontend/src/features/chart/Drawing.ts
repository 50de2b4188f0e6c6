import type { ISeriesApi, SeriesType } from "lightweight-charts";

import type { Direction } from "@/shared/format/decimal";
import type { LivePrice } from "@/shared/prices/priceStore";

import type { Theme } from "./theme";

/** A price as it arrives, once there is one. */
export type Move = LivePrice & { price: string; updated_at: number };

/** One way to draw a security's prices: a series on the chart, and what belongs to it. */
export interface Drawing {
  /** Whatever is pinned to prices, markers for instance, is pinned to this. */
  readonly series: ISeriesApi<SeriesType>;
  repaint(theme: Theme): void;
  moved(price: Move, direction: Direction): void;
  /** What is in sight at first, as the chart counts its bars; the newest of them ends it. */
  sight(minutes: number): { from: number; to: number };
}
