/** Barks when what was expected did not come in time. */
export class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly bark: () => void) {}

  expectWithin(ms: number): void {
    this.rest();
    this.timer = setTimeout(this.bark, ms);
  }

  rest(): void {
    clearTimeout(this.timer);
  }
}
