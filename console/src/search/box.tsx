import { skipToken, useQuery } from "@apollo/client/react";
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode, type RefCallback } from "react";
import { CloseIcon, SearchIcon } from "../components/icons";
import { SuggestDocument, type DocumentFilter } from "../gql/graphql";
import { t } from "../strings";

interface BoxProps {
  inputRef: RefCallback<HTMLInputElement>;
  text: string;
  filter: DocumentFilter;
  isBusy: boolean;
  onText: (text: string) => void;
  onSubmit: (text: string) => void;
  /** The arrow key down leaves the box for the results. */
  onLeave: () => void;
  /** Stands beside the suggestions. */
  children: ReactNode;
}

/** The search box with its suggestions, by the pattern of a combobox. */
export function Box({ inputRef, text, filter, isBusy, onText, onSubmit, onLeave, children }: BoxProps) {
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const isAsked = isOpen && text.trim() !== "";
  const { data, previousData } = useQuery(
    SuggestDocument,
    isAsked ? { variables: { prefix: text, filter }, fetchPolicy: "no-cache" } : skipToken,
  );
  const suggested = isAsked ? ((data ?? previousData)?.suggest ?? []) : [];
  const options = suggested.filter((option) => option.text !== text);
  const isShown = options.length > 0;
  const chosen = options[active];

  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = target.closest("input, textarea, select, [contenteditable]") !== null;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  const choose = (value: string) => {
    setIsOpen(false);
    setActive(-1);
    onSubmit(value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isShown) {
        if (event.key === "ArrowDown") onLeave();
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One more position than options: the typed text itself.
      const positions = options.length + 1;
      setActive(((active + 1 + step + positions) % positions) - 1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(chosen?.text ?? text);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (isShown) setIsOpen(false);
      else if (text !== "") onText("");
      else input.current?.blur();
      setActive(-1);
    }
  };

  return (
    <div
      className="search-field"
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) setIsOpen(false);
      }}
    >
      <div className={isBusy ? "search-box busy" : "search-box"}>
        <SearchIcon />
        <input
          ref={(element) => {
            input.current = element;
            return inputRef(element);
          }}
          id="search-box"
          dir="auto"
          type="text"
          inputMode="search"
          enterKeyHint="search"
          role="combobox"
          aria-label={t.search.box}
          aria-expanded={isShown}
          aria-controls="suggestions"
          aria-autocomplete="list"
          aria-activedescendant={chosen ? `suggestion-${active}` : undefined}
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          autoFocus
          placeholder={t.search.placeholder}
          value={text}
          onChange={(event) => {
            setIsOpen(true);
            setActive(-1);
            onText(event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
        {text === "" ? (
          <kbd className="shortcut" title={t.search.shortcut}>
            /
          </kbd>
        ) : (
          <button
            type="button"
            className="icon-button"
            aria-label={t.search.clear}
            onClick={() => {
              onText("");
              input.current?.focus();
            }}
          >
            <CloseIcon />
          </button>
        )}
      </div>
      <div className="search-under">
        <ul className={isShown ? "suggestions" : "suggestions hidden"} id="suggestions" role="listbox" aria-label={t.search.suggestions}>
          {options.map((option, at) => (
            <li
              key={option.text}
              id={`suggestion-${at}`}
              role="option"
              aria-selected={at === active}
              className={at === active ? "active" : undefined}
              // The box keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(option.text)}
            >
              <Completed typed={text} text={option.text} />
              <span className="muted">{option.hits}</span>
            </li>
          ))}
        </ul>
        {children}
      </div>
    </div>
  );
}

/** A suggestion, in which the added part stands out. */
function Completed({ typed, text }: { typed: string; text: string }) {
  const isPrefix = text.toLowerCase().startsWith(typed.toLowerCase());
  if (!isPrefix) return <strong dir="auto">{text}</strong>;
  return (
    <span dir="auto">
      {text.slice(0, typed.length)}
      <strong>{text.slice(typed.length)}</strong>
    </span>
  );
}
