import styles from "./InactiveNote.module.css";
import type { Row } from "./rows";

type Props = { inactive: readonly Row[]; onRemove: (ticker: string) => void };

/** What is on the list but cannot have prices: it may come back, and can be taken off. */
export function InactiveNote({ inactive, onRemove }: Props) {
  if (inactive.length === 0) return null;
  return (
    <section className={styles.note} aria-labelledby="inactive-title">
      <h3 id="inactive-title" className={styles.title}>
        No longer active
      </h3>
      <p>On your list, without prices until that changes.</p>
      <ul className={styles.tickers}>
        {inactive.map(({ ticker, name }) => (
          <li key={ticker} data-entry="inactive" data-ticker={ticker}>
            <span className={styles.ticker} title={name}>
              {ticker}
            </span>
            <button
              type="button"
              className={styles.remove}
              aria-label={`Remove ${ticker}`}
              // A key that is held down means one, not one after the other.
              onKeyDown={(event) => event.key === "Enter" && event.repeat && event.preventDefault()}
              onClick={() => onRemove(ticker)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
