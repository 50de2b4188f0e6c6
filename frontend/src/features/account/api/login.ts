import { request } from "@/shared/api/request";
import type { SignedIn } from "@/shared/api/types";
import { COOKIE_TRANSPORT } from "@/shared/session/calls";

export type Credentials = { username: string; password: string };

export const login = (credentials: Credentials): Promise<SignedIn> =>
  request("POST", "auth/login", { body: credentials, headers: COOKIE_TRANSPORT });
