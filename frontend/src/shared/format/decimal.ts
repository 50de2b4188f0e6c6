/**
 * Prices arrive as decimal strings and are shown without ever becoming floating point numbers:
 * what the server recorded is what people read, digit for digit.
 */
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

export type Direction = "up" | "down" | "flat";

export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

export function directionOf(change: string): Direction {
  if (!/[1-9]/.test(change)) return "flat";
  return change.startsWith("-") ? "down" : "up";
}

/** Groups thousands and pads to at least `digits` decimals; never rounds. */
export function formatDecimal(text: string, digits = 2): string {
  const match = DECIMAL.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "0", fraction = ""] = match;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, separators.group);
  return `${sign === "-" ? MINUS : ""}${grouped}${separators.decimal}${fraction.padEnd(digits, "0")}`;
}

/** With its sign always shown: +4.50, −1.25, 0.00. */
export function formatSigned(text: string, digits = 2): string {
  const shown = formatDecimal(text, digits);
  switch (directionOf(text)) {
    case "up":
      return `+${shown}`;
    case "down":
      return shown;
    case "flat":
      return shown.replace(MINUS, "");
  }
}

export const formatPercent = (text: string): string => `${formatSigned(text)}%`;

/** How many decimals a price carries, at least two: for chart axes, where numbers are needed. */
export function decimalsOf(text: string): number {
  return Math.max(2, DECIMAL.exec(text)?.[3]?.length ?? 0);
}

const MINUS = "\u2212";

const separators = readSeparators();

function readSeparators(locale?: string): { group: string; decimal: string } {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(1234567.5);
  const find = (type: string): string | undefined => parts.find((part) => part.type === type)?.value;
  return { group: find("group") ?? ",", decimal: find("decimal") ?? "." };
}
