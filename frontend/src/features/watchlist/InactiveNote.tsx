import { useRef } from "react";

import styles from "./InactiveNote.module.css";
import type { Inactive } from "./state";

type Props = { inactive: readonly Inactive[]; onRemove: (ticker: string) => void };

/** What is on the list but cannot have prices: it may come back, and can be taken off. */
export function InactiveNote({ inactive, onRemove }: Props) {
  const note = useRef<HTMLElement>(null);
  if (inactive.length === 0) return null;

  const remove = (ticker: string): void => {
    onRemove(ticker);
    // The button goes away, and would take the focus along.
    requestAnimationFrame(() => {
      const next = note.current?.querySelector("button") ?? document.querySelector("[data-pick]");
      if (next instanceof HTMLElement) next.focus();
    });
  };

  return (
    <section ref={note} className={styles.note} aria-labelledby="inactive-title">
      <h3 id="inactive-title" className={styles.title}>
        No longer active
      </h3>
      <p>On your list, without prices until that changes.</p>
      <ul className={styles.tickers}>
        {inactive.map(({ ticker }) => (
          <li key={ticker}>
            <span className={styles.ticker} title={ticker}>
              {ticker}
            </span>
            <button
              type="button"
              className={styles.remove}
              aria-label={`Remove ${ticker}`}
              onClick={() => remove(ticker)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
