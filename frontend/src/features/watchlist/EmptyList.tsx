import { useEffect, useState } from "react";

import { searchSecurities } from "@/shared/api/searchSecurities";
import type { Security } from "@/shared/api/types";
import { formatDecimal } from "@/shared/format/decimal";
import { readPersistently } from "@/shared/retry";
import { PlusIcon } from "@/shared/ui/icons";

import styles from "./EmptyList.module.css";

const WELL_KNOWN = ["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "TSLA", "NFLX", "JPM"];

type Props = { isNew: boolean; onAdd: (security: Security) => void };

/** An empty list is an invitation: a few stocks that most people know, one click each. */
export function EmptyList({ isNew, onAdd }: Props) {
  const ideas = useIdeas();
  return (
    <section className={styles.empty} aria-labelledby="empty-title">
      <h2 id="empty-title" className={styles.title}>
        {isNew ? "Nothing on your list yet" : "Nothing active on your list"}
      </h2>
      <p className={styles.text}>
        Press <kbd>/</kbd> and search a stock, or start with one of these.
      </p>
      <ul className={styles.ideas}>
        {ideas.map((security) => (
          <li key={security.ticker}>
            <button type="button" className={styles.idea} onClick={() => onAdd(security)}>
              <span className={styles.plus}>
                <PlusIcon />
                <span className="visually-hidden">Add </span>
              </span>
              <span className={styles.who}>
                <b>{security.ticker}</b>
                <span className={styles.name}>{security.name}</span>
              </span>
              {security.last_price !== null && (
                <span className={styles.price}>
                  {formatDecimal(security.last_price)} <small>{security.currency}</small>
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function useIdeas(): readonly Security[] {
  const [ideas, setIdeas] = useState<readonly Security[]>([]);
  useEffect(() => readPersistently({ read: findIdeas, onRead: setIdeas }), []);
  return ideas;
}

/** The well-known ones that this server has; a server with others suggests its first few. */
async function findIdeas(signal: AbortSignal): Promise<readonly Security[]> {
  const answers = await Promise.allSettled(
    WELL_KNOWN.map((ticker) => searchSecurities(ticker, { limit: 1, signal })),
  );
  // A server that answers nothing is not one that has none of them.
  if (answers.every((answer) => answer.status === "rejected")) throw answers[0]?.reason;
  const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const known = found.filter(({ ticker }) => WELL_KNOWN.includes(ticker));
  return known.length > 0 ? known : searchSecurities("", { limit: WELL_KNOWN.length, signal });
}
