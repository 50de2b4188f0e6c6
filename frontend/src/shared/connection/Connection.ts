import type { Frame, Since } from "@/shared/protocol/frames";
import { Socket, type SocketOptions } from "@/shared/socket/Socket";
import { createStore } from "@/shared/store";

import { Freshness } from "./freshness";
import { type ConnectionStatus, sameStatus, statusOf } from "./status";

export type ConnectionOptions = Pick<SocketOptions, "url" | "token" | "env"> & {
  onFrame: (frame: Frame) => void;
  /** The token was refused even after it had been renewed. */
  onRefused: (code: number) => void;
  /** Is there anything on the list whose price could move? */
  expectsPrices: () => boolean;
};

/** The socket, where to resume it, and an honest word about how fresh the prices are. */
export class Connection {
  readonly status = createStore<ConnectionStatus>({ name: "connecting" });
  private readonly socket: Socket;
  private readonly freshness = new Freshness();
  private lastFrameAt: number | null = null;
  private since: Since | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: ConnectionOptions) {
    this.socket = new Socket({
      ...options,
      since: () => this.since,
      onFrame: (frame) => this.received(frame),
      onState: (state) => {
        this.report();
        if (state.name === "refused") options.onRefused(state.code);
      },
    });
  }

  start(): void {
    this.ticking ??= setInterval(() => this.report(), 1000);
    this.socket.start();
  }

  stop(): void {
    clearInterval(this.ticking);
    this.ticking = undefined;
    this.lastFrameAt = this.since = null;
    this.freshness.forget();
    this.socket.stop();
  }

  retryNow(): void {
    this.socket.retryNow();
  }

  probe(): void {
    this.socket.probe();
  }

  private received(frame: Frame): void {
    const now = Date.now();
    this.lastFrameAt = now;
    if (frame.type === "welcome" && frame.epoch !== this.since?.epoch) {
      this.since = { epoch: frame.epoch, sequence: 0 };
    } else if (frame.type === "snapshot") {
      this.advance(frame.sequence);
      const updates = frame.quotes.map((quote) => quote.updated_at ?? 0);
      this.freshness.snapshot(updates.length === 0 ? null : Math.max(...updates), now);
    } else if (frame.type === "prices") {
      this.advance(Math.max(0, ...frame.quotes.map((quote) => quote.sequence)));
      this.freshness.prices(now);
    }
    this.options.onFrame(frame);
    this.report();
  }

  private advance(sequence: number): void {
    if (this.since !== null && sequence > this.since.sequence) this.since = { ...this.since, sequence };
  }

  private report(): void {
    const now = Date.now();
    const noPricesSince = this.options.expectsPrices() ? this.freshness.staleSince(now) : null;
    const facts = { socket: this.socket.state, lastFrameAt: this.lastFrameAt, noPricesSince };
    const next = statusOf(facts, now);
    if (!sameStatus(next, this.status.get())) this.status.set(next);
  }
}
