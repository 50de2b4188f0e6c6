/**
 * idle → connecting → live → waiting → connecting → …
 *                  ↘ refused (only a person or a new sign-in leads out of it)
 */
export type SocketState =
  | { name: "idle" }
  | { name: "connecting"; attempt: number }
  | { name: "live" }
  /** `isAsked`: the server said goodbye and when to come back. */
  | { name: "waiting"; attempt: number; retryAt: number; isAsked: boolean }
  | { name: "refused"; code: number };
