/** Sends edits one after the other, so that the server sees them in the order they were made. */
export class EditQueue {
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;

  get isBusy(): boolean {
    return this.count > 0;
  }

  /** Rejects with what the edit rejects with; the next one is sent all the same. */
  async send(edit: () => Promise<void>): Promise<void> {
    this.count += 1;
    const sent = this.last.then(edit);
    this.last = sent.catch(() => undefined);
    try {
      await sent;
    } finally {
      this.count -= 1;
    }
  }
}
