import { useId } from "react";

import styles from "./Field.module.css";

type Props = {
  name: string;
  label: string;
  type?: "text" | "password";
  autoComplete: string;
  hint?: string | undefined;
  errors?: string[] | undefined;
};

export function Field({ name, label, type = "text", autoComplete, hint, errors }: Props) {
  const id = useId();
  const note = errors?.join(" ") ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <input
        id={id}
        className={styles.input}
        name={name}
        type={type}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        required
        aria-invalid={errors !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
      />
      {note !== undefined && (
        <p id={`${id}-note`} className={styles.note} data-kind={errors === undefined ? "hint" : "error"}>
          {note}
        </p>
      )}
    </div>
  );
}
