import { watchlist } from "@/features/watchlist/WatchlistStore";
import { Connection } from "@/shared/connection/Connection";
import { priceStore } from "@/shared/prices/priceStore";
import type { Frame, Quote } from "@/shared/protocol/frames";
import { session } from "@/shared/session/session";
import { addressOf } from "@/shared/socket/address";
import { endsSession, reasonOf } from "@/shared/socket/closeCodes";
import { createStore } from "@/shared/store";
import { said, showToast, toasts } from "@/shared/ui/toasts";
import { onWake } from "@/shared/wake";

/** How often the connection was interrupted: what was read before may lack a piece. */
export const gaps = createStore(0);

let hadSnapshot = false;

export const connection = new Connection({
  url: addressOf("watchlist"),
  token: (refused) => (refused === null ? session.access() : session.renew(refused)),
  onRefused: (code) => {
    if (endsSession(code)) session.end(reasonOf(code));
    else showToast(reasonOf(code), { name: "refusal", kind: "problem" });
  },
  onFrame: receive,
});

function receive(frame: Frame): void {
  switch (frame.type) {
    case "welcome":
      return priceStore.enterEpoch(frame.epoch);
    case "snapshot":
      receiveQuotes(frame.quotes);
      if (hadSnapshot) gaps.set(gaps.get() + 1);
      hadSnapshot = true;
      return watchlist.agreeWith(frame.tickers);
    case "prices":
      return receiveQuotes(frame.quotes);
    case "watchlist":
      watchlist.changedElsewhere(frame.added, frame.removed);
      return watchlist.agreeWith(frame.tickers);
    case "error":
      return receiveError(frame);
    case "anomalies": // come by another socket
    case "heartbeat":
    case "pong":
  }
}

function receiveQuotes(quotes: readonly Quote[]): void {
  priceStore.apply(quotes);
  watchlist.rename(quotes);
}

function receiveError({ code, message, ticker }: Extract<Frame, { type: "error" }>): void {
  if (code !== "security_inactive") return console.warn(`The server says ${code}: ${message}`);
  if (ticker !== null) watchlist.deactivated(ticker);
  showToast(message, { kind: "problem" });
}

/** From sign-in to sign-out: the list, its prices, and a nose for a lost network. */
export function goLive(): () => void {
  hadSnapshot = false;
  void watchlist.load();
  connection.start();
  const stopWaking = onWake(() => {
    connection.probe();
    watchlist.probe();
  });
  return () => {
    stopWaking();
    connection.stop();
    toasts.set([]);
    said.set(null);
    watchlist.clear();
    priceStore.clear();
  };
}
