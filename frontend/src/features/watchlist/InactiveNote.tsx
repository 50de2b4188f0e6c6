import { useRef } from "react";

import styles from "./InactiveNote.module.css";
import type { Row } from "./rows";

type Props = { inactive: readonly Row[]; onRemove: (ticker: string) => void };

/** What is on the list but cannot have prices: it may come back, and can be taken off. */
export function InactiveNote({ inactive, onRemove }: Props) {
  const note = useRef<HTMLElement>(null);
  if (inactive.length === 0) return null;

  const remove = (ticker: string, index: number): void => {
    onRemove(ticker);
    // The button goes away, and would take the focus along.
    requestAnimationFrame(() => {
      const left = note.current?.querySelectorAll("button") ?? [];
      (left[Math.min(index, left.length - 1)] ?? lastOfPage())?.focus();
    });
  };

  return (
    <section ref={note} className={styles.note} aria-labelledby="inactive-title">
      <h3 id="inactive-title" className={styles.title}>
        No longer active
      </h3>
      <p>On your list, without prices until that changes.</p>
      <ul className={styles.tickers}>
        {inactive.map(({ ticker, name }, index) => (
          <li key={ticker}>
            <span className={styles.ticker} title={name}>
              {ticker}
            </span>
            <button
              type="button"
              className={styles.remove}
              aria-label={`Remove ${ticker}`}
              onClick={() => remove(ticker, index)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The last row, or the last idea of the empty list. */
function lastOfPage(): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>("main :is([data-pick], li button)")].at(-1);
}
