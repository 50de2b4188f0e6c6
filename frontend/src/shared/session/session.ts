import { ApiError, messageOf } from "@/shared/api/errors";
import { takeTokensFrom } from "@/shared/api/request";
import type { SignedIn, User } from "@/shared/api/types";
import { retryMs } from "@/shared/retry";
import { createStore } from "@/shared/store";
import { onTimeOrWake } from "@/shared/wake";

import { getMe, postLogout, postRefresh } from "./calls";
import { oneTabAtATime, TabsChannel } from "./oneAtATime";
import { forgetSignIn, maybeSignedIn, rememberSignIn } from "./signedInBefore";
import { type AccessToken, holdToken } from "./token";

export type SessionState =
  | { name: "starting"; problem: string | null }
  | { name: "signed-out"; notice: string | null }
  | { name: "signed-in"; user: User };

/** For what will not pass by itself, as a proxy that knows nothing of us: no page is left but this. */
const RARELY_MS = 60_000;

/** Who is signed in. Holds the access token in memory and renews it before it ends. */
export class Session {
  readonly state = createStore<SessionState>({ name: "starting", problem: null });
  private readonly tabs = new TabsChannel();
  private token: AccessToken | null = null;
  /** Every token of who is here now, since a call may still be out with an older one. */
  private readonly issued = new Set<string>();
  private renewing: Promise<string> | null = null;
  /** Numbers those who were here: what was begun for one of them is nothing to the next. */
  private turn = 0;
  private isSigningOut = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopWaiting = (): void => undefined;

  /** On page load: the cookie, if there is one, brings the session back, after however many failures. */
  async start(failures = 0): Promise<void> {
    if (!maybeSignedIn()) return this.end(null);
    const { turn } = this;
    try {
      const user = await getMe(await this.access());
      if (turn === this.turn) this.state.set({ name: "signed-in", user });
    } catch (error) {
      if (turn !== this.turn) return;
      if (isRefusal(error)) return this.end(null);
      this.state.set({ name: "starting", problem: messageOf(error) });
      const again = (hasWoken: boolean): unknown => this.start(hasWoken ? 0 : failures + 1);
      this.stopWaiting = onTimeOrWake(retryMs(error, failures) ?? RARELY_MS, again);
    }
  }

  /** Follow what happens in other tabs: they share the cookie, and so the account. */
  followOtherTabs(): void {
    this.tabs.onChange(() => {
      this.forget();
      this.state.set({ name: "starting", problem: null });
      void this.start();
    });
  }

  signIn({ access, user }: SignedIn): void {
    this.forget();
    this.hold(access);
    this.state.set({ name: "signed-in", user });
    this.tabs.tellOthers();
  }

  async signOut(): Promise<void> {
    const { turn } = this;
    this.isSigningOut = true;
    try {
      await postLogout();
    } catch (error) {
      // The socket may have heard what became of it, where the answer was lost.
      if (!isRefusal(error) && turn === this.turn) throw error;
    } finally {
      this.isSigningOut = false;
    }
    if (turn === this.turn) this.end(null);
    this.tabs.tellOthers();
  }

  /** The server no longer accepts who we are. */
  end(notice: string | null): void {
    this.forget();
    forgetSignIn();
    this.state.set({ name: "signed-out", notice: this.isSigningOut ? null : notice });
  }

  access(): Promise<string> {
    if (this.token !== null && Date.now() < this.token.renewAt) {
      return Promise.resolve(this.token.value);
    }
    return this.renewOrEnd();
  }

  /**
   * A token newer than the refused one; whoever asks second gets what the first one fetched. Rejects
   * with an AbortError where the refused one is of somebody who was here before.
   */
  renew(refused: string): Promise<string> {
    if (!this.issued.has(refused)) return Promise.reject(somebodyElse());
    if (this.token !== null && this.token.value !== refused) return this.access();
    return this.renewOrEnd();
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.stopWaiting();
    this.token = this.renewing = null;
    this.issued.clear();
    this.turn += 1;
  }

  private async renewOrEnd(): Promise<string> {
    const { turn } = this;
    try {
      return await this.renewOnce();
    } catch (error) {
      if (turn === this.turn && isRefusal(error) && this.state.get().name === "signed-in") {
        this.end("Your session has ended. Please sign in again.");
      }
      throw error;
    }
  }

  private renewOnce(): Promise<string> {
    const { turn } = this;
    this.renewing ??= oneTabAtATime(postRefresh)
      .then(({ access }) => {
        if (turn !== this.turn) throw somebodyElse();
        return this.hold(access);
      })
      .finally(() => {
        if (turn === this.turn) this.renewing = null;
      });
    return this.renewing;
  }

  private hold(access: string): string {
    rememberSignIn();
    this.issued.add(access);
    this.token = holdToken(access, Date.now());
    this.schedule(() => this.renewOrEnd(), this.token.renewAt - Date.now());
    return access;
  }

  private schedule(task: () => Promise<unknown>, delayMs: number): void {
    clearTimeout(this.timer);
    // What fails here is tried again by whoever needs a token next.
    this.timer = setTimeout(() => void task().catch(() => undefined), delayMs);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

const somebodyElse = (): DOMException => new DOMException("Somebody else may be here.", "AbortError");

export const session = new Session();
takeTokensFrom(session);
