/**
 * idle → connecting → live → waiting → connecting → …
 *                  ↘ refused (only a person or a new sign-in leads out of it)
 */
export type SocketState =
  | { name: "idle" }
  | { name: "connecting"; attempt: number }
  | { name: "live" }
  | { name: "waiting"; attempt: number; retryAt: number }
  | { name: "refused"; code: number };
