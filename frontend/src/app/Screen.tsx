import { useCallback, useEffect, useMemo, useRef } from "react";

import { ChartPanel } from "@/features/chart/ChartPanel";
import { SearchBox } from "@/features/search/SearchBox";
import { EmptyList } from "@/features/watchlist/EmptyList";
import { InactiveNote } from "@/features/watchlist/InactiveNote";
import { ListStatus } from "@/features/watchlist/ListStatus";
import { Watchlist } from "@/features/watchlist/Watchlist";
import { watchlist } from "@/features/watchlist/WatchlistStore";
import type { Security, User } from "@/shared/api/types";
import { useStore } from "@/shared/store";
import { say } from "@/shared/ui/toasts";

import { addSecurity, removeTicker } from "./edits";
import { Header } from "./Header";
import { gaps, goLive } from "./live";
import { focusRow, revealChart, revealRow } from "./reveal";
import styles from "./Screen.module.css";
import { useChosen } from "./useChosen";
import { useShortcuts } from "./useShortcuts";

export function Screen({ user }: { user: User }) {
  useEffect(goLive, []);
  const search = useRef<HTMLInputElement>(null);
  const chart = useRef<HTMLDivElement>(null);
  useShortcuts(search);
  const { status, problem, rows, inactive } = useStore(watchlist.state);
  const round = useStore(gaps);
  const tickers = useMemo(() => rows.map(({ ticker }) => ticker), [rows]);
  const listed = useMemo(() => new Set(tickers), [tickers]);
  const [chosen, choose] = useChosen(tickers);
  const subject = rows.find(({ ticker }) => ticker === chosen);

  const show = useCallback(
    (ticker: string) => {
      choose(ticker);
      revealRow(ticker);
    },
    [choose],
  );
  const showListed = useCallback(
    (ticker: string) => {
      show(ticker);
      say(`${ticker} is on your list already`);
    },
    [show],
  );
  const open = useCallback(
    (ticker: string) => {
      choose(ticker);
      revealChart(chart.current);
    },
    [choose],
  );
  const add = useCallback(
    (security: Security) => {
      addSecurity(security);
      show(security.ticker);
    },
    [show],
  );

  const addIdea = useCallback(
    (security: Security) => {
      add(security);
      // The button for it goes away with the ideas, and would take the focus along.
      focusRow(security.ticker);
    },
    [add],
  );

  return (
    <>
      <Header user={user}>
        <SearchBox inputRef={search} listed={listed} onAdd={add} onShow={showListed} />
      </Header>
      <main className={styles.main} data-filled={rows.length > 0}>
        <h1 className="visually-hidden" tabIndex={-1}>
          Your watchlist
        </h1>
        {status !== "ready" && rows.length === 0 && <ListStatus problem={problem} />}
        {status === "ready" && rows.length === 0 && (
          <EmptyList isNew={inactive.length === 0} onAdd={addIdea} />
        )}
        {rows.length === 0 && <InactiveNote inactive={inactive} onRemove={removeTicker} />}
        {subject !== undefined && (
          <div ref={chart} className={styles.chart}>
            <ChartPanel subject={subject} round={round} />
          </div>
        )}
        {rows.length > 0 && (
          <div className={styles.list}>
            <Watchlist rows={rows} chosen={chosen} onChoose={open} onRemove={removeTicker} />
            <InactiveNote inactive={inactive} onRemove={removeTicker} />
          </div>
        )}
      </main>
    </>
  );
}
