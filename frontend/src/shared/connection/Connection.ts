import type { Frame, Since } from "@/shared/protocol/frames";
import type { SocketOptions } from "@/shared/socket/options";
import { Socket } from "@/shared/socket/Socket";
import type { SocketState } from "@/shared/socket/states";
import { createStore } from "@/shared/store";

import { type ConnectionStatus, sameStatus, statusOf } from "./status";

export type ConnectionOptions = Pick<SocketOptions, "url" | "token" | "env"> & {
  onFrame: (frame: Frame) => void;
  /** The server said why we must not come back as we are. */
  onRefused: (code: number) => void;
};

/** The socket, where to resume it, and an honest word about how fresh the prices are. */
export class Connection {
  readonly status = createStore<ConnectionStatus>({ name: "connecting" });
  private readonly socket: Socket;
  private lastFrameAt: number | null = null;
  private staleSince: number | null = null;
  private delayedSince: number | null = null;
  private since: Since | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: ConnectionOptions) {
    this.socket = new Socket({
      ...options,
      since: () => this.since,
      onFrame: (frame) => this.received(frame),
      onState: (state, before) => {
        if (before.name === "live" && isGoodbye(state)) this.lastFrameAt = Date.now();
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
    this.lastFrameAt = this.staleSince = this.delayedSince = this.since = null;
    this.socket.stop();
  }

  retryNow(): void {
    this.socket.retryNow();
  }

  probe(): void {
    this.socket.probe();
  }

  private received(frame: Frame): void {
    this.lastFrameAt = Date.now();
    switch (frame.type) {
      case "welcome":
        this.staleSince = this.delayedSince = null;
        if (frame.epoch !== this.since?.epoch) this.since = { epoch: frame.epoch, sequence: 0 };
        break;
      case "snapshot":
        this.advance(frame.sequence);
        break;
      case "watchlist":
        if (this.since !== null) this.since = { ...this.since, epoch: frame.epoch };
        break;
      case "prices":
        this.staleSince = null;
        this.advance(frame.sequence ?? 0);
        break;
      case "heartbeat":
        this.staleSince = frame.stale_since;
        this.delayedSince = frame.delayed_since;
    }
    this.options.onFrame(frame);
    this.report();
  }

  /** Only what the server calls complete: resuming further on could miss a price. */
  private advance(sequence: number): void {
    if (this.since === null || sequence <= this.since.sequence) return;
    this.since = { ...this.since, sequence };
  }

  private report(): void {
    const { lastFrameAt, staleSince, delayedSince } = this;
    const facts = { socket: this.socket.state, lastFrameAt, staleSince, delayedSince };
    const next = statusOf(facts, Date.now());
    if (!sameStatus(next, this.status.get())) this.status.set(next);
  }
}

/**
 * What became of a live connection by the server's own word, which says, too, that until then the
 * prices were the newest. None but the end of a token has it connect without any waiting.
 */
const isGoodbye = (state: SocketState): boolean =>
  state.name === "connecting" || (state.name === "waiting" && state.isAsked);
