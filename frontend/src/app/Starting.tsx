import { Mark } from "@/shared/ui/icons";

import styles from "./Starting.module.css";

/** For the moment in which nobody knows yet who is here; says so if it lasts. */
export function Starting({ problem }: { problem: string | null }) {
  return (
    <main className={styles.starting}>
      <h1 className="visually-hidden">Tickwatch</h1>
      <Mark size={44} />
      <p role="status">{problem !== null && `${problem} Trying again…`}</p>
    </main>
  );
}
