import { formatDecimal } from "@/shared/format/decimal";

/** A price on the chart's scale. Where there is room below zero the scale goes on; prices do not. */
export function priceLabel(price: number, decimals: number): string {
  return price < 0 ? "" : formatDecimal(price.toFixed(decimals));
}
