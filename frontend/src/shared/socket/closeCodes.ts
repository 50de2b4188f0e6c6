/** Close codes read like HTTP's: 4000–4099 "not as you are", 4100–4199 "come back". */
export const BAD_TOKEN = 4001;
const NO_AUTH_IN_TIME = 4008;
export const GOING_AWAY = 4100;
export const TOKEN_EXPIRED = 4101;
/** The sign-in itself is over: signed out, password changed, account disabled. */
const ENDED: readonly number[] = [BAD_TOKEN, 4005, 4006, 4007];

export const endsSession = (code: number): boolean => ENDED.includes(code);

export type Verdict = "renew-token" | "come-back" | "stay-away";

export function verdictOf(code: number): Verdict {
  if (code === BAD_TOKEN || code === TOKEN_EXPIRED) return "renew-token";
  // The token was on its way: of a network that stalled, nobody has to be asked.
  if (code === NO_AUTH_IN_TIME) return "come-back";
  if (code >= 4000 && code <= 4099) return "stay-away";
  return "come-back";
}

const REASONS: Readonly<Record<number, string>> = {
  4000: "The server did not understand this page. Reload it to get the newest version.",
  4001: "Your session has ended. Please sign in again.",
  4003: "This account may not see live prices.",
  4004: "This ticker is not known.",
  4005: "You have signed out.",
  4006: "The password was changed. Please sign in again.",
  4007: "This account has been disabled.",
  4029: "Too many connections of this account are open. Close another tab.",
};

export const reasonOf = (code: number): string =>
  REASONS[code] ?? "The server refused the live connection.";
