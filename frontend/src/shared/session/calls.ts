import { request } from "@/shared/api/request";
import type { User } from "@/shared/api/types";

/** In this mode the refresh token travels as an HttpOnly cookie that no script can read. */
export const COOKIE_TRANSPORT = { "X-Token-Transport": "cookie" };

export type SignedIn = { access: string; user: User };

export const postRefresh = (): Promise<{ access: string }> =>
  request("POST", "auth/refresh", { body: {}, headers: COOKIE_TRANSPORT });

export const postLogout = (): Promise<void> =>
  request("POST", "auth/logout", { body: {}, headers: COOKIE_TRANSPORT });

export const getMe = (token: string): Promise<User> =>
  request("GET", "auth/me", { headers: { Authorization: `Bearer ${token}` } });
