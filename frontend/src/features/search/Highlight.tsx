import styles from "./SuggestionList.module.css";

/** Marks where the query starts the text or one of its words. */
export function Highlight({ text, query }: { text: string; query: string }) {
  const start = findStart(text.toLowerCase(), query.toLowerCase());
  if (start < 0) return text;
  const end = start + query.length;
  return (
    <>
      {text.slice(0, start)}
      <mark className={styles.mark}>{text.slice(start, end)}</mark>
      {text.slice(end)}
    </>
  );
}

function findStart(text: string, query: string): number {
  if (query === "" || text.startsWith(query)) return query === "" ? -1 : 0;
  const word = text.indexOf(` ${query}`);
  return word < 0 ? -1 : word + 1;
}
