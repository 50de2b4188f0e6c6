/** Close codes read like HTTP's: 4000–4099 "not as you are", 4100–4199 "come back". */
export const BAD_TOKEN = 4001;
export const TOKEN_EXPIRED = 4101;

export type Verdict = "renew-token" | "come-back" | "stay-away";

export function verdictOf(code: number): Verdict {
  if (code === BAD_TOKEN || code === TOKEN_EXPIRED) return "renew-token";
  if (code >= 4000 && code <= 4099) return "stay-away";
  return "come-back";
}

const REASONS: Readonly<Record<number, string>> = {
  4000: "The server did not understand this page. Reload it to get the newest version.",
  4001: "The server no longer accepts your sign-in.",
  4003: "This account may not see live prices.",
  4004: "This ticker is not known.",
  4008: "Signing in to live prices took too long.",
  4029: "Too many connections of this account are open. Close another tab.",
};

export const reasonOf = (code: number): string =>
  REASONS[code] ?? "The server refused the live connection.";
