import { type MouseEvent, useEffect, useState } from "react";

import { useStore } from "@/shared/store";

import { focusHeading } from "./focus";
import { AlertIcon, CloseIcon } from "./icons";
import { dismissToast, said, takeAction, type Toast, toasts } from "./toasts";
import styles from "./Toasts.module.css";

const STAYS_MS = 8000;

/** Short notices, and what is for ears only. */
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
  const [isPointedAt, setPointedAt] = useState(false);
  const [hasFocus, setFocus] = useState(false);
  const isHeld = isPointedAt || hasFocus;

  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => dismissToast(toast.name), STAYS_MS);
    return () => clearTimeout(timer);
  }, [isHeld, toast.name]);

  function dismiss({ detail }: MouseEvent): void {
    dismissToast(toast.name);
    // Without a pointer: the button goes away, and would take the focus along.
    if (detail === 0) requestAnimationFrame(focusNextNotice);
  }

  return (
    <div
      className={styles.toast}
      data-kind={toast.kind}
      onPointerEnter={() => setPointedAt(true)}
      onPointerLeave={() => setPointedAt(false)}
      onFocus={() => setFocus(true)}
      onBlur={() => setFocus(false)}
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
        data-dismiss
        aria-label="Dismiss notice"
        onClick={dismiss}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

function focusNextNotice(): void {
  const next = document.querySelector<HTMLElement>("[data-dismiss]");
  if (next === null) focusHeading();
  else next.focus();
}
