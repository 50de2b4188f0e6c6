import { watchlist } from "@/features/watchlist/WatchlistStore";
import { Connection } from "@/shared/connection/Connection";
import { priceStore } from "@/shared/prices/priceStore";
import { forgetTrails } from "@/shared/prices/trailLoader";
import type { Frame } from "@/shared/protocol/frames";
import { session } from "@/shared/session/session";
import { endsSession, reasonOf } from "@/shared/socket/closeCodes";
import { createStore } from "@/shared/store";
import { showToast } from "@/shared/ui/toasts";

/** How often the connection was interrupted: what was read before may lack a piece. */
export const gaps = createStore(0);

let hadSnapshot = false;

export const connection = new Connection({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/watchlist`,
  token: (refused) => (refused === null ? session.access() : session.renew(refused)),
  onRefused: (code) => {
    if (endsSession(code)) session.end(reasonOf(code));
  },
  onFrame: receive,
});

function receive(frame: Frame): void {
  switch (frame.type) {
    case "welcome":
      return priceStore.enterEpoch(frame.epoch);
    case "snapshot":
      priceStore.apply(frame.quotes);
      if (hadSnapshot) gaps.set(gaps.get() + 1);
      hadSnapshot = true;
      return watchlist.agreeWith(frame.tickers);
    case "prices":
      return priceStore.apply(frame.quotes);
    case "watchlist":
      watchlist.changedElsewhere(frame.added, frame.removed);
      return watchlist.agreeWith(frame.tickers);
    case "error":
      return complain(frame);
    case "anomalies": // come by another socket
    case "heartbeat":
    case "pong":
  }
}

function complain({ code, message, ticker }: Extract<Frame, { type: "error" }>): void {
  if (code !== "security_inactive") return console.warn(`The server says ${code}: ${message}`);
  if (ticker !== null) watchlist.deactivated(ticker);
  showToast(message, { kind: "problem" });
}

/** From sign-in to sign-out: the list, its prices, and a nose for a lost network. */
export function goLive(): () => void {
  const probe = (): void => {
    if (!document.hidden) connection.probe();
  };
  hadSnapshot = false;
  void watchlist.load();
  connection.start();
  const listening = new AbortController();
  document.addEventListener("visibilitychange", probe, listening);
  window.addEventListener("online", probe, listening);
  window.addEventListener("offline", probe, listening);
  return () => {
    listening.abort();
    connection.stop();
    watchlist.clear();
    priceStore.clear();
    forgetTrails();
  };
}
