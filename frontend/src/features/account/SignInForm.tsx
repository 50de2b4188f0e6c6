import { type SubmitEvent, useEffect, useRef } from "react";

import { AlertIcon } from "@/shared/ui/icons";

import { Field } from "./Field";
import styles from "./SignInForm.module.css";
import { type Mode, useSignIn } from "./useSignIn";

const LABELS = { "sign-in": "Sign in", register: "Create account" };

export function SignInForm({ mode }: { mode: Mode }) {
  const { isBusy, problem, submit } = useSignIn(mode);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    // Back to where it went wrong, so that a keyboard need not look for it.
    if (problem === null) return;
    form.current?.querySelector<HTMLInputElement>('[aria-invalid="true"], input')?.focus();
  }, [problem]);

  function onSubmit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    void submit({ username: read(data, "username"), password: read(data, "password") });
  }

  return (
    <form ref={form} className={styles.form} onSubmit={onSubmit}>
      {problem !== null && problem.message !== "" && (
        <p className={styles.problem} role="alert">
          <AlertIcon /> {problem.message}
        </p>
      )}
      <Field
        name="username"
        label="Username"
        autoComplete="username"
        errors={problem?.fields.username}
      />
      <Field
        name="password"
        label="Password"
        type="password"
        autoComplete={mode === "register" ? "new-password" : "current-password"}
        hint={mode === "register" ? "At least 8 characters, and not a common one." : undefined}
        errors={problem?.fields.password}
      />
      <button type="submit" className={styles.submit} disabled={isBusy}>
        {isBusy ? "One moment…" : LABELS[mode]}
      </button>
    </form>
  );
}

function read(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value : "";
}
