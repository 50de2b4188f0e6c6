import { request } from "@/shared/api/request";
import type { SignedIn } from "@/shared/api/types";
import { COOKIE_TRANSPORT } from "@/shared/session/calls";

import type { Credentials } from "./login";

/** Makes the account and signs in with it. */
export const register = (credentials: Credentials): Promise<SignedIn> =>
  request("POST", "auth/register", { body: credentials, headers: COOKIE_TRANSPORT });
