import type { Anomaly, Frame } from "@/shared/protocol/frames";
import { readPersistently } from "@/shared/retry";
import { addressOf } from "@/shared/socket/address";
import { browserEnv, type SocketEnv } from "@/shared/socket/env";
import { Socket } from "@/shared/socket/Socket";
import { onWake } from "@/shared/wake";

import { getAnomalies } from "./api/getAnomalies";

/** The oldest go: a chart has no room for more. */
const MOST_KEPT = 500;
/** Everybody hears of another life at once, and is not to ask for the past at once. */
const SPREAD_MS = 5000;

type Options = { onChange: (anomalies: readonly Anomaly[]) => void; env?: SocketEnv };

/** A ticker's anomalies by id: the newest that are known, and each one as it is found. */
export class AnomalyFeed {
  /** Read once, from before this began to listen; there may be some more among them. */
  private past: readonly Anomaly[] = [];
  private found: readonly Anomaly[] = [];
  private since: number | null = null;
  private epoch: string | null = null;
  private readonly socket: Socket;
  private readonly env: SocketEnv;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopReading = (): void => undefined;
  private stopWaking = (): void => undefined;

  constructor(
    private readonly ticker: string,
    private readonly options: Options,
  ) {
    this.env = options.env ?? browserEnv;
    this.socket = new Socket({
      url: () => this.address(),
      token: null,
      since: () => null,
      onFrame: (frame) => this.received(frame),
      onState: () => undefined,
      env: this.env,
    });
  }

  start(): void {
    this.stopWaking = onWake(() => this.socket.probe());
    this.follow();
  }

  stop(): void {
    this.stopReading();
    clearTimeout(this.timer);
    this.stopWaking();
    this.socket.stop();
  }

  /** First what is known, then what is found after it; this is shown though that cannot be read yet. */
  private follow(): void {
    this.stopReading = readPersistently({
      read: (signal) => getAnomalies(this.ticker, signal),
      onRead: (newest) => {
        this.since ??= newest.at(-1)?.id ?? 0;
        this.past = newest;
        this.show();
        this.socket.start();
      },
      onProblem: () => this.socket.start(),
    });
  }

  private address(): string {
    const query = new URLSearchParams({ ticker: this.ticker });
    if (this.since !== null) query.set("since", String(this.since));
    return addressOf(`anomalies?${query}`);
  }

  private received(frame: Frame): void {
    if (frame.type === "welcome") {
      if (this.epoch !== null && this.epoch !== frame.epoch) return this.followAnew();
      this.epoch = frame.epoch;
      this.since ??= frame.since ?? null;
    } else if (frame.type === "anomalies") {
      this.since = frame.anomalies.at(-1)?.id ?? this.since;
      this.found = [...this.found, ...frame.anomalies].slice(-MOST_KEPT);
      this.show();
    }
  }

  /** In another life of the server ids may come again; most of what is shown may hold all the same. */
  private followAnew(): void {
    this.stopReading();
    this.socket.stop();
    this.epoch = this.since = null;
    this.past = this.shown();
    this.found = [];
    this.timer = setTimeout(() => this.follow(), this.env.random() * SPREAD_MS);
  }

  private shown(): readonly Anomaly[] {
    const first = this.found[0]?.id ?? Infinity;
    return [...this.past.filter(({ id }) => id < first), ...this.found].slice(-MOST_KEPT);
  }

  private show(): void {
    this.options.onChange(this.shown());
  }
}
