import { reasonOf } from "@/shared/socket/closeCodes";
import type { SocketState } from "@/shared/socket/states";

/** What the screen says about its prices. `since` is when the newest of them came. */
export type ConnectionStatus =
  | { name: "connecting" }
  | { name: "live" }
  | { name: "delayed"; since: number }
  | { name: "reconnecting"; since: number }
  | { name: "stale"; since: number; waiting: "for the server" | "for prices" }
  | { name: "refused"; reason: string };

/** A gap shorter than this is a reconnection; a longer one leaves stale prices on the screen. */
const STALE_AFTER_MS = 5000;

export type Facts = {
  socket: SocketState;
  lastFrameAt: number | null;
  /** The server's own word that it has had no new prices since then. */
  staleSince: number | null;
  /** The server's own word that its source of prices has been in trouble since then. */
  delayedSince: number | null;
};

export function statusOf(
  { socket, lastFrameAt, staleSince, delayedSince }: Facts,
  now: number,
): ConnectionStatus {
  if (socket.name === "refused") return { name: "refused", reason: reasonOf(socket.code) };
  if (socket.name === "live") {
    if (staleSince !== null) return { name: "stale", since: staleSince, waiting: "for prices" };
    if (delayedSince !== null) return { name: "delayed", since: delayedSince };
    return { name: "live" };
  }
  if (lastFrameAt === null) return { name: "connecting" };
  if (now - lastFrameAt < STALE_AFTER_MS) return { name: "reconnecting", since: lastFrameAt };
  return { name: "stale", since: lastFrameAt, waiting: "for the server" };
}

export const sameStatus = (a: ConnectionStatus, b: ConnectionStatus): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
