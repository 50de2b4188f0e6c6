import { useState } from "react";

import { ApiError, messageOf } from "@/shared/api/errors";
import { session } from "@/shared/session/session";

import { type Credentials, login } from "./api/login";
import { register } from "./api/register";

export type Mode = "sign-in" | "register";

export type Problem = {
  message: string;
  fields: Readonly<Record<string, string[]>>;
};

const CALLS = { "sign-in": login, register };

/** Submits the form; on success the session takes over and the form goes away. */
export function useSignIn(mode: Mode) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function submit(credentials: Credentials): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      session.signIn(await CALLS[mode](credentials));
    } catch (error) {
      setProblem(describe(error));
      setBusy(false);
    }
  }

  return { isBusy, problem, submit };
}

function describe(error: unknown): Problem {
  if (!(error instanceof ApiError)) return { message: messageOf(error), fields: {} };
  if (error.status === 429 && error.retryAfterSeconds !== null) {
    const wait = `Too many tries. Please wait ${error.retryAfterSeconds} seconds.`;
    return { message: wait, fields: {} };
  }
  const known = Object.keys(error.fields).some((name) => name === "username" || name === "password");
  return { message: known ? "" : messageOf(error), fields: error.fields };
}
