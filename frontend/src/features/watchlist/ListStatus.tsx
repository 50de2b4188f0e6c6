import styles from "./ListStatus.module.css";
import { watchlist } from "./WatchlistStore";

/** In place of the list while it is being read, or when it could not be. */
export function ListStatus({ problem }: { problem: string | null }) {
  if (problem === null) {
    return (
      <div className={styles.status} role="status">
        <span className="visually-hidden">Loading your watchlist…</span>
        {[0, 1, 2, 3].map((line) => (
          <span key={line} className={styles.bone} />
        ))}
      </div>
    );
  }
  return (
    <div className={styles.status} role="alert">
      <p>Your watchlist could not be loaded. {problem}</p>
      <button type="button" className={styles.retry} onClick={() => void watchlist.load()}>
        Try again
      </button>
    </div>
  );
}
