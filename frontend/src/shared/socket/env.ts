/** The world outside of the socket class: replaced by tests, real in the page. */
export type WebSocketLike = {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason?: string }) => void) | null;
  send: (text: string) => void;
  close: () => void;
};

export type SocketEnv = {
  open: (url: string) => WebSocketLike;
  random: () => number;
  now: () => number;
};

export const browserEnv: SocketEnv = {
  open: (url) => new WebSocket(url) as WebSocketLike,
  random: Math.random,
  now: Date.now,
};
