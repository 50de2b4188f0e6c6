import { createStore } from "@/shared/store";

export type Toast = {
  id: number;
  text: string;
  kind: "plain" | "problem";
  action: { label: string; run: () => void } | null;
};

const AT_MOST = 3;

let nextId = 1;

export const toasts = createStore<readonly Toast[]>([]);

/** For ears only: what eyes see happen by themselves. Numbered, as the same may be said twice. */
export const said = createStore<Pick<Toast, "id" | "text"> | null>(null);

export function say(text: string): void {
  said.set({ id: nextId, text });
  nextId += 1;
}

/** Returns the id by which the toast can be dismissed. */
export function showToast(text: string, options: Partial<Pick<Toast, "kind" | "action">> = {}): number {
  const toast: Toast = { id: nextId, text, kind: "plain", action: null, ...options };
  nextId += 1;
  toasts.set([...toasts.get(), toast].slice(-AT_MOST));
  return toast.id;
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

export function takeAction(toast: Toast): void {
  dismissToast(toast.id);
  toast.action?.run();
}

/** For the keyboard: takes the action of the newest toast that offers one. */
export function takeNewestAction(): boolean {
  const toast = toasts.get().findLast(({ action }) => action !== null);
  if (toast !== undefined) takeAction(toast);
  return toast !== undefined;
}
