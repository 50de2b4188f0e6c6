import type { PricePoint } from "@/shared/api/types";

/** The last `capacity` prices of a ticker as numbers, oldest first; for drawing only. */
export class Trail {
  private readonly values: Float64Array;
  private next = 0;
  private count = 0;
  private firstSequence = Infinity;
  /** Its past has been asked for. */
  isAsked = false;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  get length(): number {
    return this.count;
  }

  at(index: number): number {
    const start = this.next - this.count + this.values.length;
    return this.values[(start + index) % this.values.length] ?? NaN;
  }

  push(price: string, sequence: number): void {
    this.firstSequence = Math.min(this.firstSequence, sequence);
    this.values[this.next] = Number(price);
    this.next = (this.next + 1) % this.values.length;
    this.count = Math.min(this.count + 1, this.values.length);
  }

  /** Puts what was recorded earlier in front of what was received, as far as there is room. */
  prepend(history: readonly PricePoint[]): void {
    const received = Array.from({ length: this.count }, (_, index) => this.at(index));
    const room = this.values.length - received.length;
    const older = history.filter((point) => point.sequence < this.firstSequence);
    this.next = this.count = 0;
    if (room > 0) for (const { price, sequence } of older.slice(-room)) this.push(price, sequence);
    for (const value of received) this.push(String(value), Infinity);
  }
}
