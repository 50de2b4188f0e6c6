import type { Anomaly, Frame } from "@/shared/protocol/frames";
import type { SocketEnv } from "@/shared/socket/env";
import { Socket } from "@/shared/socket/Socket";

import { getAnomalies } from "./api/getAnomalies";

/** The oldest go: a chart has no room for more. */
const MOST_KEPT = 500;

type Options = { onChange: (anomalies: readonly Anomaly[]) => void; env?: SocketEnv };

/** A ticker's anomalies by id: the newest that are known, and each one as it is found. */
export class AnomalyFeed {
  private known: readonly Anomaly[] = [];
  private since: number | null = null;
  private epoch: string | null = null;
  private readonly abort = new AbortController();
  private readonly socket: Socket;

  constructor(
    private readonly ticker: string,
    private readonly options: Options,
  ) {
    this.socket = new Socket({
      url: () => this.address(),
      token: null,
      since: () => null,
      onFrame: (frame) => this.received(frame),
      onState: () => undefined,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
  }

  async start(): Promise<void> {
    try {
      const newest = await getAnomalies(this.ticker, this.abort.signal);
      this.since = newest.at(-1)?.id ?? 0;
      this.keep(newest);
    } catch {
      // Those of the past are missing then; what is found from now on is shown all the same.
    }
    if (!this.abort.signal.aborted) this.socket.start();
  }

  stop(): void {
    this.abort.abort();
    this.socket.stop();
  }

  private address(): string {
    const host = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
    const query = new URLSearchParams({ ticker: this.ticker });
    if (this.since !== null) query.set("since", String(this.since));
    return `${host}/ws/anomalies?${query}`;
  }

  private received(frame: Frame): void {
    if (frame.type === "welcome") {
      const isAnotherLife = this.epoch !== null && this.epoch !== frame.epoch;
      if (this.since === null || isAnotherLife) this.since = frame.since ?? null;
      this.epoch = frame.epoch;
    } else if (frame.type === "anomalies") {
      this.since = frame.anomalies.at(-1)?.id ?? this.since;
      this.keep([...this.known, ...frame.anomalies]);
    }
  }

  private keep(anomalies: readonly Anomaly[]): void {
    this.known = anomalies.slice(-MOST_KEPT);
    this.options.onChange(this.known);
  }
}
