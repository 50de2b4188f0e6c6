import type { WebSocketLike } from "@/shared/socket/env";

/** A WebSocket in the hands of a test. */
export class FakeSocket implements WebSocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason?: string }) => void) | null = null;
  sent: unknown[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  says(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** Opens and greets, as the server does after a good token. */
  greets(epoch = "e1", sequence = 10): void {
    this.onopen?.();
    this.says({ type: "welcome", protocol: 1, epoch, heartbeat: 25 });
    this.says({ type: "snapshot", sequence, quotes: [] });
  }
}
