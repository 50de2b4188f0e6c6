import type { ReactNode } from "react";

import { messageOf } from "@/shared/api/errors";
import type { User } from "@/shared/api/types";
import { ConnectionBadge } from "@/shared/connection/ConnectionBadge";
import { MarketBadge } from "@/shared/market/MarketBadge";
import { session } from "@/shared/session/session";
import { Mark } from "@/shared/ui/icons";
import { showToast } from "@/shared/ui/toasts";

import styles from "./Header.module.css";
import { connection } from "./live";

export function Header({ user, children }: { user: User; children: ReactNode }) {
  function signOut(): void {
    session.signOut().catch((error: unknown) => {
      showToast(`You are still signed in. ${messageOf(error)}`, { kind: "problem" });
    });
  }

  return (
    <header className={styles.header}>
      <div className={styles.inner}>
        <div className={styles.brand}>
          <Mark />
          <span className={styles.name}>Tickwatch</span>
        </div>
        <div className={styles.search}>{children}</div>
        <div className={styles.side}>
          <ConnectionBadge status={connection.status} onRetry={() => connection.retryNow()} />
          <MarketBadge />
          <span className={styles.user} title={user.username}>
            {user.username}
          </span>
          <button type="button" className={styles.out} onClick={signOut}>
            Sign out
          </button>
        </div>
      </div>
    </header>
  );
}
