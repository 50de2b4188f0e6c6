import { useEffect, useState } from "react";

import { useStore } from "@/shared/store";

import { AlertIcon, CloseIcon } from "./icons";
import { dismissToast, said, takeAction, type Toast, toasts } from "./toasts";
import styles from "./Toasts.module.css";

const STAYS_MS = 8000;

/** Short notices; the one live region of the screen that speaks without being asked. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    // Not atomic: a new notice is no reason to read the others again.
    <div className={styles.stack} role="status" aria-atomic={false} aria-label="Notices">
      <Said />
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function Said() {
  const words = useStore(said);

  useEffect(() => {
    if (words === null) return;
    const timer = setTimeout(() => said.set(null), STAYS_MS);
    return () => clearTimeout(timer);
  }, [words]);

  if (words === null) return null;
  return (
    <p key={words.id} className="visually-hidden">
      {words.text}
    </p>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const [isHeld, setHeld] = useState(false);

  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => dismissToast(toast.id), STAYS_MS);
    return () => clearTimeout(timer);
  }, [isHeld, toast.id]);

  return (
    <div
      className={styles.toast}
      data-kind={toast.kind}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {toast.kind === "problem" && <AlertIcon />}
      <span className={styles.text}>{toast.text}</span>
      {toast.action !== null && (
        <button type="button" className={styles.action} onClick={() => takeAction(toast)}>
          {toast.action.label}
        </button>
      )}
      <button
        type="button"
        className={styles.close}
        aria-label="Dismiss notice"
        onClick={() => dismissToast(toast.id)}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
