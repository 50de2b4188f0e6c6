import { backoffMs } from "@/shared/backoff";
import type { ClientMessage } from "@/shared/protocol/frames";
import { parseFrame } from "@/shared/protocol/parse";

import { BAD_TOKEN, TOKEN_EXPIRED, verdictOf } from "./closeCodes";
import { browserEnv, type SocketEnv, type WebSocketLike } from "./env";
import { hintMs } from "./hint";
import type { SocketOptions } from "./options";
import type { SocketState } from "./states";
import { Watchdog } from "./Watchdog";

const ABNORMAL = 1006;
const OPENING_MS = 10_000;
const PROBE_MS = 4000;
const GRACE_MS = 5000;
/** A connection that lived shorter than this did not prove that the server is well. */
const PROOF_MS = 10_000;
/** Low enough that after any outage the newest prices are here within two periods (10 s). */
const LONGEST_WAIT_MS = 8000;

/** One live connection that comes back by itself. Knows no React and no screen. */
export class Socket {
  private current: SocketState = { name: "idle" };
  private readonly env: SocketEnv;
  private readonly watchdog = new Watchdog(() => this.dropped(ABNORMAL));
  private socket: WebSocketLike | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private token: string | null = null;
  private refusedToken: string | null = null;
  private attempt = 0;
  private liveSince = 0;
  private heartbeatMs = 25_000;

  constructor(private readonly options: SocketOptions) {
    this.env = options.env ?? browserEnv;
  }

  get state(): SocketState {
    return this.current;
  }

  start(): void {
    if (this.current.name === "idle" || this.current.name === "refused") this.comeBackNow();
  }

  stop(): void {
    this.release();
    this.attempt = 0;
    this.token = this.refusedToken = null;
    this.become({ name: "idle" });
  }

  /** Somebody asked for it: do not sit out the delay, and do not take no for an answer. */
  retryNow(): void {
    if (this.current.name === "waiting" || this.current.name === "refused") this.comeBackNow();
  }

  /**
   * After sleep or a change of network: is anybody still there? Silence drops the connection, a
   * waiting one comes back at once, and what was refused stays refused.
   */
  probe(): void {
    if (this.current.name === "waiting") return this.comeBackNow();
    if (this.current.name !== "live") return;
    this.send({ type: "ping" });
    this.watchdog.expectWithin(PROBE_MS);
  }

  private comeBackNow(): void {
    this.release();
    void this.connect();
  }

  private async connect(): Promise<void> {
    this.become({ name: "connecting", attempt: this.attempt });
    const mine = this.current;
    const refused = this.refusedToken;
    try {
      this.token = (await this.options.token?.(refused)) ?? null;
    } catch {
      if (this.current === mine) this.wait();
      return;
    }
    if (this.current !== mine) return;
    const { url } = this.options;
    const socket = this.env.open(typeof url === "string" ? url : url());
    this.socket = socket;
    this.watchdog.expectWithin(OPENING_MS);
    socket.onopen = () => this.authenticate();
    socket.onmessage = ({ data }) => this.received(data);
    socket.onclose = ({ code, reason }) => this.dropped(code, reason);
  }

  private authenticate(): void {
    if (this.options.token === null) return;
    const since = this.options.since();
    const token = this.token ?? "";
    this.send({ type: "auth", token, ...(since === null ? {} : { since }) });
  }

  private received(data: unknown): void {
    const frame = parseFrame(data);
    if (frame?.type === "welcome") this.heartbeatMs = frame.heartbeat * 1000;
    // Even a frame that says nothing to us proves that somebody is there.
    if (this.current.name === "live") this.watchdog.expectWithin(this.heartbeatMs + GRACE_MS);
    if (frame === null) return;
    if (frame.type === "snapshot" || frame.type === "prices") this.arrived();
    if (frame.type === "welcome" && this.options.token === null) this.arrived();
    this.options.onFrame(frame);
  }

  private arrived(): void {
    if (this.current.name === "live") return;
    this.refusedToken = null;
    this.liveSince = this.env.now();
    this.watchdog.expectWithin(this.heartbeatMs + GRACE_MS);
    this.become({ name: "live" });
  }

  private dropped(code: number, reason?: string): void {
    const wasLive = this.current.name === "live";
    this.release();
    if (wasLive && this.env.now() - this.liveSince >= PROOF_MS) this.attempt = 0;
    const verdict = verdictOf(code);
    const newTokenRefused = code === BAD_TOKEN && this.refusedToken !== null;
    if (verdict === "stay-away" || newTokenRefused) return this.become({ name: "refused", code });
    if (verdict === "renew-token") this.refusedToken = this.token;
    if (code === BAD_TOKEN || (code === TOKEN_EXPIRED && wasLive)) return this.comeBackNow();
    this.wait(hintMs(code, reason), wasLive);
  }

  /** A hint takes the place of the back-off, unless we are sent away again and again. */
  private wait(hint: number | null = null, wasLive = false): void {
    const isTrusted = hint !== null && wasLive;
    const backoff = isTrusted ? 0 : backoffMs(this.attempt, this.env.random, LONGEST_WAIT_MS);
    const delay = Math.max(hint ?? 0, backoff);
    this.attempt += 1;
    const retryAt = this.env.now() + delay;
    this.become({ name: "waiting", attempt: this.attempt, retryAt, isAsked: hint !== null });
    this.retry = setTimeout(() => void this.connect(), delay);
  }

  private send(message: ClientMessage): void {
    this.socket?.send(JSON.stringify(message));
  }

  /** Lets go of the connection without waiting for a dead network to say goodbye. */
  private release(): void {
    clearTimeout(this.retry);
    this.watchdog.rest();
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private become(state: SocketState): void {
    const before = this.current;
    this.current = state;
    this.options.onState(state, before);
  }
}
