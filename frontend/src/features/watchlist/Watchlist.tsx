import { useMemo, useRef, useState } from "react";

import { Breadth } from "./Breadth";
import type { Row } from "./rows";
import { useRowKeys } from "./useRowKeys";
import styles from "./Watchlist.module.css";
import { WatchlistRow } from "./WatchlistRow";

type Props = {
  rows: readonly Row[];
  chosen: string | null;
  onChoose: (ticker: string) => void;
  onRemove: (ticker: string) => void;
};

const COLUMNS = ["Stock", "Recent", "Price", "Change", "Updated"];

/** Renders when the list changes, never when a price does. */
export function Watchlist({ rows, chosen, onChoose, onRemove }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const tickers = useMemo(() => rows.map(({ ticker }) => ticker), [rows]);
  const tabStop = [focused, chosen].find((it) => it !== null && tickers.includes(it)) ?? tickers[0];
  const onKeyDown = useRowKeys(list, onRemove);

  return (
    <section className={styles.panel} aria-labelledby="watchlist-title">
      <header className={styles.header}>
        <h2 id="watchlist-title" className={styles.title}>
          Watchlist
        </h2>
        <Breadth tickers={tickers} />
      </header>
      <div
        ref={list}
        role="table"
        className={styles.table}
        aria-labelledby="watchlist-title"
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup" className={styles.head}>
          <div role="row" className={styles.columns}>
            {COLUMNS.map((name) => (
              <span key={name} role="columnheader" data-column={name}>
                {name}
              </span>
            ))}
            <span role="columnheader">
              <span className="visually-hidden">Remove</span>
            </span>
          </div>
        </div>
        <div role="rowgroup">
          {rows.map((row) => (
            <WatchlistRow
              key={row.ticker}
              row={row}
              isChosen={row.ticker === chosen}
              isTabStop={row.ticker === tabStop}
              onChoose={onChoose}
              onFocus={setFocused}
              onRemove={onRemove}
            />
          ))}
        </div>
      </div>
    </section>
  );
}
