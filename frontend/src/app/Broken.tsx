import styles from "./Starting.module.css";

export function Broken() {
  return (
    <main className={styles.starting} role="alert">
      <h1>Something broke</h1>
      <p>It is our fault, not yours. Your watchlist is safe.</p>
      <button type="button" className={styles.reload} onClick={() => location.reload()}>
        Reload
      </button>
    </main>
  );
}
