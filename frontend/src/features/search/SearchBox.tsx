import { type Ref, useId } from "react";

import { CloseIcon, SearchIcon } from "@/shared/ui/icons";

import styles from "./SearchBox.module.css";
import { SuggestionList } from "./SuggestionList";
import { type SearchActions, useSearchBox } from "./useSearchBox";

type Props = SearchActions & { inputRef: Ref<HTMLInputElement> };

/** Find a security and put it on the list: `/`, a few letters, Enter. */
export function SearchBox({ inputRef, ...actions }: Props) {
  const box = useSearchBox(actions);
  const listId = useId();
  const optionId = (index: number): string => `${listId}-${index}`;
  const hasOptions = box.isOpen && box.suggestions.found.length > 0;

  return (
    <div
      role="search"
      className={styles.search}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) box.setOpen(false);
      }}
    >
      <span className={styles.icon}>
        <SearchIcon />
      </span>
      <input
        ref={inputRef}
        className={styles.input}
        type="text"
        role="combobox"
        aria-label="Search stocks by ticker or name"
        aria-expanded={hasOptions}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={hasOptions ? optionId(box.active) : undefined}
        placeholder="Search a ticker or company"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="done"
        maxLength={60}
        value={box.text}
        onChange={(event) => box.type(event.target.value)}
        onFocus={() => box.setOpen(true)}
        onKeyDown={box.onKeyDown}
      />
      {box.text === "" ? (
        <kbd className={styles.key} aria-hidden="true">
          /
        </kbd>
      ) : (
        <button type="button" className={styles.clear} aria-label="Clear search" onClick={box.reset}>
          <CloseIcon />
        </button>
      )}
      <SuggestionList box={box} id={listId} optionId={optionId} listed={actions.listed} />
    </div>
  );
}
