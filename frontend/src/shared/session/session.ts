import { ApiError, messageOf } from "@/shared/api/errors";
import { takeTokensFrom } from "@/shared/api/request";
import type { SignedIn, User } from "@/shared/api/types";
import { createStore } from "@/shared/store";

import { getMe, postLogout, postRefresh } from "./calls";
import { oneTabAtATime, TabsChannel } from "./oneAtATime";
import { forgetSignIn, maybeSignedIn, rememberSignIn } from "./signedInBefore";
import { type AccessToken, holdToken } from "./token";

export type SessionState =
  | { name: "starting"; problem: string | null }
  | { name: "signed-out"; notice: string | null }
  | { name: "signed-in"; user: User };

const RETRY_MS = 3000;

/** Who is signed in. Holds the access token in memory and renews it before it ends. */
export class Session {
  readonly state = createStore<SessionState>({ name: "starting", problem: null });
  private readonly tabs = new TabsChannel();
  private token: AccessToken | null = null;
  private renewing: Promise<string> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** On page load: the cookie, if there is one, brings the session back. */
  async start(): Promise<void> {
    if (!maybeSignedIn()) return this.end(null);
    try {
      this.state.set({ name: "signed-in", user: await getMe(await this.renewOnce()) });
    } catch (error) {
      if (isRefusal(error)) return this.end(null);
      this.state.set({ name: "starting", problem: messageOf(error) });
      this.schedule(() => this.start(), RETRY_MS);
    }
  }

  /** Follow what happens in other tabs: they share the cookie, and so the account. */
  followOtherTabs(): void {
    this.tabs.onChange(() => {
      this.token = null;
      this.state.set({ name: "starting", problem: null });
      void this.start();
    });
  }

  signIn({ access, user }: SignedIn): void {
    this.hold(access);
    this.state.set({ name: "signed-in", user });
    this.tabs.tellOthers();
  }

  async signOut(): Promise<void> {
    await postLogout().catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
    });
    this.end(null);
    this.tabs.tellOthers();
  }

  /** The server no longer accepts who we are. */
  end(notice: string | null): void {
    clearTimeout(this.timer);
    forgetSignIn();
    this.token = null;
    this.state.set({ name: "signed-out", notice });
  }

  access(): Promise<string> {
    if (this.token !== null && Date.now() < this.token.renewAt) {
      return Promise.resolve(this.token.value);
    }
    return this.renewOrEnd();
  }

  /** A token newer than the refused one; whoever asks second gets what the first one fetched. */
  renew(refused: string): Promise<string> {
    if (this.token !== null && this.token.value !== refused) return this.access();
    return this.renewOrEnd();
  }

  private async renewOrEnd(): Promise<string> {
    try {
      return await this.renewOnce();
    } catch (error) {
      if (isRefusal(error) && this.state.get().name === "signed-in") {
        this.end("Your session has ended. Please sign in again.");
      }
      throw error;
    }
  }

  private renewOnce(): Promise<string> {
    this.renewing ??= oneTabAtATime(postRefresh)
      .then(({ access }) => this.hold(access))
      .finally(() => (this.renewing = null));
    return this.renewing;
  }

  private hold(access: string): string {
    rememberSignIn();
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

export const session = new Session();
takeTokensFrom(session);
