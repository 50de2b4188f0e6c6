import styles from "./Choices.module.css";

type Choice<Value> = { name: string; value: Value; title?: string };

/** A few buttons of which one is pressed. */
export function Choices<Value>({
  label,
  choices,
  chosen,
  onChoose,
}: {
  label: string;
  choices: readonly Choice<Value>[];
  chosen: Value;
  onChoose: (value: Value) => void;
}) {
  return (
    <div role="group" aria-label={label} className={styles.choices}>
      {choices.map(({ name, value, title }) => (
        <button
          key={name}
          type="button"
          className={styles.choice}
          title={title}
          aria-pressed={value === chosen}
          onClick={() => onChoose(value)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
