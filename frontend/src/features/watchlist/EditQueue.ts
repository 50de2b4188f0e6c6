/** Sends edits one after the other, so that the server sees them in the order they were made. */
export class EditQueue {
  private readonly closing = new AbortController();
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;

  get isBusy(): boolean {
    return this.count > 0;
  }

  /** What waits is not sent any more, and what became of the rest nobody is told. */
  close(): void {
    this.closing.abort();
  }

  /**
   * Settles as the edit does; the next one is sent all the same. Once the queue is closed: rejects
   * with an AbortError.
   */
  async send<T>(edit: () => Promise<T>): Promise<T> {
    const { signal } = this.closing;
    this.count += 1;
    const sent = this.last.then(() => {
      signal.throwIfAborted();
      return edit();
    });
    this.last = sent.catch(() => undefined);
    try {
      return await sent;
    } finally {
      this.count -= 1;
      signal.throwIfAborted();
    }
  }
}
