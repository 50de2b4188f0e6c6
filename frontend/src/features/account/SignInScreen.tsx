import { useState } from "react";

import { Mark } from "@/shared/ui/icons";

import { SignInForm } from "./SignInForm";
import styles from "./SignInScreen.module.css";
import type { Mode } from "./useSignIn";

const WORDS = {
  "sign-in": { title: "Welcome back", other: "register", ask: "New here?", offer: "Create an account" },
  register: { title: "Create your account", other: "sign-in", ask: "Already have one?", offer: "Sign in" },
} as const;

export function SignInScreen({ notice }: { notice: string | null }) {
  const [mode, setMode] = useState<Mode>("sign-in");
  const words = WORDS[mode];
  return (
    <main className={styles.screen}>
      <div className={styles.card}>
        <header className={styles.header}>
          <Mark size={44} />
          <h1 className={styles.title} tabIndex={-1}>
            {words.title}
          </h1>
          <p className={styles.tagline}>Your stocks, moving as the market moves.</p>
        </header>
        {notice !== null && (
          <p className={styles.notice} role="status">
            {notice}
          </p>
        )}
        <SignInForm key={mode} mode={mode} />
        <p className={styles.switch}>
          {words.ask}{" "}
          <button type="button" className={styles.link} onClick={() => setMode(words.other)}>
            {words.offer}
          </button>
        </p>
      </div>
    </main>
  );
}
