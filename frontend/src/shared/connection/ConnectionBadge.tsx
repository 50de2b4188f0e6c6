import { formatClock } from "@/shared/format/time";
import { type Store, useStore } from "@/shared/store";

import styles from "./ConnectionBadge.module.css";
import type { ConnectionStatus } from "./status";

type Props = { status: Store<ConnectionStatus>; onRetry: () => void };

/** Always says what the prices are: live, on their way back, or old and since when. */
export function ConnectionBadge({ status: store, onRetry }: Props) {
  const status = useStore(store);
  const canRetry =
    status.name === "refused" || (status.name === "stale" && status.waiting === "for the server");
  return (
    <div className={styles.badge} data-state={status.name} title={hint(status)}>
      <span role="status" aria-label="Connection" className={styles.label}>
        <span className={styles.dot} aria-hidden="true" />
        {label(status)}
      </span>
      {canRetry && (
        <button type="button" className={styles.retry} onClick={onRetry}>
          Retry
        </button>
      )}
    </div>
  );
}

function label(status: ConnectionStatus): string {
  switch (status.name) {
    case "connecting":
      return "Connecting…";
    case "live":
      return "Live";
    case "delayed":
      return `Delayed since ${formatClock(status.since)}`;
    case "reconnecting":
      return "Reconnecting…";
    case "stale":
      return `Stale since ${formatClock(status.since)}`;
    case "refused":
      return "Disconnected";
  }
}

function hint(status: ConnectionStatus): string {
  switch (status.name) {
    case "connecting":
      return "Waiting for the first prices.";
    case "live":
      return "Prices arrive as they are recorded.";
    case "delayed":
      return "The source of prices does not answer as it should; it is being asked again by itself.";
    case "reconnecting":
      return "The connection broke a moment ago; it is being opened again.";
    case "stale":
      return status.waiting === "for prices"
        ? "The server is there, but has had no new prices since then."
        : "The server is not reachable. It is being tried again by itself.";
    case "refused":
      return status.reason;
  }
}
