import { request } from "@/shared/api/request";
import type { Renewed, User } from "@/shared/api/types";

/** In this mode the refresh token travels as an HttpOnly cookie that no script can read. */
export const COOKIE_TRANSPORT = { "X-Token-Transport": "cookie" };

export const postRefresh = (): Promise<Renewed> =>
  request("POST", "auth/refresh", { body: {}, headers: COOKIE_TRANSPORT });

export const postLogout = (): Promise<void> =>
  request("POST", "auth/logout", { body: {}, headers: COOKIE_TRANSPORT });

export const getMe = (token: string): Promise<User> =>
  request("GET", "auth/me", { headers: { Authorization: `Bearer ${token}` } });
