import { ColorType, type DeepPartial, LineStyle, type TimeChartOptions } from "lightweight-charts";

import type { Direction } from "@/shared/format/decimal";

/** Reads the design tokens, so that the canvas follows light and dark like everything else. */
export function readTheme(element: Element) {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    font: style.fontFamily,
    text: token("--text-2"),
    grid: token("--line"),
    cursor: token("--text-3"),
    label: token("--inverse"),
    lines: { up: token("--up"), down: token("--down"), flat: token("--flat") },
  };
}

export type Theme = ReturnType<typeof readTheme>;

export function chartOptions(theme: Theme): DeepPartial<TimeChartOptions> {
  const line = { color: theme.cursor, style: LineStyle.Dashed, labelBackgroundColor: theme.label };
  return {
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: theme.text,
      fontFamily: theme.font,
      fontSize: 11,
      // Said in words and with a link below the chart: the logo would bring an inline style sheet.
      attributionLogo: false,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: theme.grid } },
    crosshair: { vertLine: line, horzLine: line },
  };
}

export function candleColors({ lines: { up, down } }: Theme) {
  return {
    upColor: up,
    downColor: down,
    wickUpColor: up,
    wickDownColor: down,
    borderVisible: false,
  };
}

export function seriesColors(theme: Theme, direction: Direction) {
  return {
    lineColor: theme.lines[direction],
    // Two hex digits of opacity on top of the token's six.
    topColor: `${theme.lines[direction]}38`,
    bottomColor: `${theme.lines[direction]}04`,
  };
}
