import type { Security } from "@/shared/api/types";
import { formatDecimal } from "@/shared/format/decimal";
import { CheckIcon, PlusIcon } from "@/shared/ui/icons";

import { Highlight } from "./Highlight";
import styles from "./SuggestionList.module.css";
import type { useSearchBox } from "./useSearchBox";

type Props = {
  box: ReturnType<typeof useSearchBox>;
  id: string;
  optionId: (index: number) => string;
  listed: ReadonlySet<string>;
};

export function SuggestionList({ box, id, optionId, listed }: Props) {
  const { found } = box.suggestions;
  const note = box.isOpen ? noteFor(box) : null;
  return (
    <div className={styles.popup} data-open={box.isOpen && (note !== null || found.length > 0)}>
      <p className={styles.note} role="status" data-kind={box.suggestions.problem === null ? "note" : "problem"}>
        {note}
      </p>
      <ul id={id} role="listbox" aria-label="Suggestions" className={styles.list}>
        {box.isOpen &&
          found.map((security, index) => (
            <li
              key={security.ticker}
              id={optionId(index)}
              role="option"
              className={styles.option}
              aria-selected={index === box.active}
              onPointerMove={() => box.setActive(security.ticker)}
              // Keeps the focus in the input, so that the next search can start at once.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => box.take(security)}
            >
              <span className={styles.ticker} title={security.ticker}>
                <Highlight text={security.ticker} query={box.query} />
              </span>
              <span className={styles.name}>
                <Highlight text={security.name} query={box.query} />
                <span className={styles.exchange}>{security.exchange}</span>
              </span>
              <Outcome security={security} isListed={listed.has(security.ticker)} />
            </li>
          ))}
      </ul>
    </div>
  );
}

function Outcome({ security, isListed }: { security: Security; isListed: boolean }) {
  if (isListed) {
    return (
      <span className={styles.listed}>
        <CheckIcon /> On your list
      </span>
    );
  }
  return (
    <span className={styles.price}>
      {security.last_price !== null && (
        <>
          {formatDecimal(security.last_price)} <small>{security.currency}</small>
        </>
      )}
      <span className={styles.plus}>
        <PlusIcon />
      </span>
    </span>
  );
}

function noteFor({ suggestions, isCurrent, query }: Props["box"]): string | null {
  if (suggestions.problem !== null && isCurrent) return suggestions.problem;
  if (suggestions.found.length > 0) return null;
  return isCurrent ? `Nothing found for “${query}”. Try a ticker or the start of a name.` : "Searching…";
}
