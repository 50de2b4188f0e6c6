import { GOING_AWAY } from "./closeCodes";

/** At most six digits: no server sends anybody away for longer than a quarter of an hour. */
const HINT = /\bretry_after_ms=(\d{1,6})\b/;

/** When a server that goes away wants us back, or null where it does not say. */
export function hintMs(code: number, reason = ""): number | null {
  const found = code === GOING_AWAY ? HINT.exec(reason) : null;
  return found === null ? null : Number(found[1]);
}
