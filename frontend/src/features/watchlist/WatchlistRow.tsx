import { memo, type MouseEvent } from "react";

import { CloseIcon } from "@/shared/ui/icons";

import { LiveCells } from "./LiveCells";
import type { Row } from "./rows";
import styles from "./WatchlistRow.module.css";

type Props = {
  row: Row;
  isChosen: boolean;
  isTabStop: boolean;
  onChoose: (ticker: string) => void;
  onFocus: (ticker: string) => void;
  onRemove: (ticker: string) => void;
};

/** One stock. The row itself stands still; its live cells follow the price of their ticker. */
export const WatchlistRow = memo(function WatchlistRow(props: Props) {
  const { row, isChosen, isTabStop, onChoose, onFocus, onRemove } = props;
  const { ticker, name, currency } = row;
  const tabIndex = isTabStop ? 0 : -1;

  function remove(event: MouseEvent): void {
    event.stopPropagation();
    onRemove(ticker);
  }

  return (
    <div
      role="row"
      className={styles.row}
      data-entry="row"
      data-ticker={ticker}
      data-chosen={isChosen}
      onClick={() => onChoose(ticker)}
      onFocus={() => onFocus(ticker)}
    >
      <span role="rowheader" className={styles.who}>
        <button
          type="button"
          className={styles.pick}
          data-pick={ticker}
          title={ticker}
          aria-current={isChosen}
          aria-keyshortcuts="Delete"
          tabIndex={tabIndex}
        >
          {ticker}
        </button>
        <span className={styles.name} title={name}>
          {name}
        </span>
      </span>
      <LiveCells ticker={ticker} currency={currency} />
      <span role="cell" className={styles.end}>
        <button
          type="button"
          className={styles.remove}
          aria-label={`Remove ${ticker}`}
          title="Remove"
          tabIndex={tabIndex}
          onClick={remove}
        >
          <CloseIcon />
        </button>
      </span>
    </div>
  );
});
