import { createStore } from "@/shared/store";

export type Toast = {
  id: number;
  /** Of those with the same name, the newest takes the place of the others. */
  name: string;
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

export function showToast(text: string, options: Partial<Omit<Toast, "id" | "text">> = {}): void {
  const toast: Toast = { id: nextId, name: `${nextId}`, text, kind: "plain", action: null, ...options };
  nextId += 1;
  toasts.set([...allBut(toast.name), toast].slice(-AT_MOST));
}

export function dismissToast(name: string): void {
  toasts.set(allBut(name));
}

const allBut = (name: string): Toast[] => toasts.get().filter((toast) => toast.name !== name);

export function takeAction(toast: Toast): void {
  dismissToast(toast.name);
  toast.action?.run();
}

/** For the keyboard: takes the action of the newest toast that offers one. */
export function takeNewestAction(): boolean {
  const toast = toasts.get().findLast(({ action }) => action !== null);
  if (toast !== undefined) takeAction(toast);
  return toast !== undefined;
}
