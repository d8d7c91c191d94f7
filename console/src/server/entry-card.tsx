import { useEffect, useRef, type FormEvent, type ReactNode } from "react";
import { FailureNotice } from "../components/notices";
import { More } from "../components/table";
import type { Failure } from "../failure";
import { t } from "../strings";
import type { Changes } from "./entries";

const text = t.server;

/** The entry that a form edits; null for a new one, undefined without a form. */
export type Editing<Entry> = Entry | null | undefined;

interface EntryCardProps<Entry, Input> {
  title: string;
  empty: string;
  add: string;
  entries: readonly Entry[];
  editing: Editing<Entry>;
  changes: Changes<Input>;
  describe: (entry: Entry) => ReactNode;
  /** The entry as a client stores it. */
  inputOf: (entry: Entry) => Input;
  onEdit: (entry: Editing<Entry>) => void;
  /** Fetches further entries, if there may be some. */
  onMore: (() => void) | undefined;
  /** The form, while an entry is edited. */
  children: ReactNode;
}

/** A list of entries, which can be added, edited and deleted. */
export function EntryCard<Entry extends { id: string }, Input>(props: EntryCardProps<Entry, Input>) {
  const { title, empty, add, entries, editing, changes, describe, inputOf, onEdit, onMore, children } = props;
  const { outcome } = changes;
  const opener = useRef<HTMLButtonElement>(null);
  const isOpen = editing !== undefined;
  const wasOpen = useRef(false);
  useEffect(() => {
    // The form that had the focus is gone, or the button of the deleted entry.
    if ((wasOpen.current && !isOpen) || outcome?.kind === "deleted") opener.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen, outcome]);
  const edit = (entry: Editing<Entry>) => {
    changes.reset();
    onEdit(entry);
  };
  return (
    <section className="card tile" aria-label={title}>
      <div className="row between">
        <h3>{title}</h3>
        <button ref={opener} type="button" className="button" aria-expanded={editing === null} onClick={() => edit(null)}>
          {add}
        </button>
      </div>
      {entries.length === 0 && <p className="muted">{empty}</p>}
      {entries.length > 0 && (
        <ul className="entries">
          {entries.map((entry) => (
            <li key={entry.id} className={editing?.id === entry.id ? "edited" : undefined}>
              <div>{describe(entry)}</div>
              <span className="row">
                <button type="button" className="link" aria-label={text.editEntry(entry.id)} onClick={() => edit(entry)}>
                  {text.edit}
                </button>
                <button
                  type="button"
                  className="link"
                  aria-label={text.deleteEntry(entry.id)}
                  onClick={() => {
                    if (editing?.id === entry.id) onEdit(undefined);
                    void changes.remove(entry.id, inputOf(entry));
                  }}
                >
                  {text.delete}
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {onMore && <More onMore={onMore} />}
      {children}
      <p role="status" className="muted small outcome">
        {outcome && !changes.failure && text.outcome[outcome.kind](outcome.id)}
        {outcome?.kind === "deleted" && (
          <button type="button" className="link" onClick={() => void outcome.restore()}>
            {text.undo}
          </button>
        )}
      </p>
      {!isOpen && changes.failure && <FailureNotice failure={changes.failure} onRetry={changes.reset} />}
    </section>
  );
}

interface EntryFormProps {
  label: string;
  isSaving: boolean;
  failure: Failure | undefined;
  /** A problem that the form found itself. */
  problem: string | undefined;
  onSubmit: () => void;
  onCancel: () => void;
  children: ReactNode;
}

/** The form of an entry: Escape closes it, and an invalid value gets the focus. */
export function EntryForm({ label, isSaving, failure, problem, onSubmit, onCancel, children }: EntryFormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("input:not([readonly]), textarea")?.focus(), []);
  useEffect(() => {
    if (failure) form.current?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus();
  }, [failure]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form
      ref={form}
      className="editor"
      aria-label={label}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <h4>{label}</h4>
      {children}
      {problem && (
        <p className="notice failed" role="alert">
          {problem}
        </p>
      )}
      {!problem && failure && (failure.argument ? <Invalid failure={failure} /> : <FailureNotice failure={failure} onRetry={onSubmit} />)}
      <div className="row">
        <button type="submit" className="button primary" disabled={isSaving}>
          {text.saveEntry}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {text.cancel}
        </button>
      </div>
    </form>
  );
}

/** The path of an invalid value within its entry, such as `pin.0.key`. */
const pathOf = (failure: Failure | undefined) => failure?.argument?.replace(/^\w+\.0\.?/, "");

/** True for the value that a failure is about, or one within it. */
export function isInvalid(failure: Failure | undefined, path: string): boolean {
  const invalid = pathOf(failure);
  return invalid !== undefined && (invalid === path || invalid.startsWith(`${path}.`));
}

/** The problem of a value, after the name of its field. */
function Invalid({ failure }: { failure: Failure }) {
  const path = pathOf(failure) ?? "";
  const labels: Record<string, string> = text.fieldNames;
  const names = path.split(".").map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : (labels[part] ?? part)));
  const message = failure.message.startsWith(`${failure.argument ?? ""} `)
    ? failure.message.slice((failure.argument ?? "").length)
    : failure.message;
  return (
    <p className="notice failed" role="alert">
      <span>
        <strong>{names.join(" ")}</strong> {message}
      </span>
    </p>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  isInvalid?: boolean;
  isRequired?: boolean;
  isReadOnly?: boolean;
  /** Several lines. */
  isLong?: boolean;
  type?: "text" | "number" | "url" | "datetime-local";
  pattern?: string;
}

/** A text field with its label. */
export function TextField({ label, value, onChange, hint, isInvalid = false, isRequired, isReadOnly, isLong, type, pattern }: TextFieldProps) {
  const common = {
    className: "input",
    required: isRequired,
    readOnly: isReadOnly,
    "aria-invalid": isInvalid,
    placeholder: hint,
    value,
  };
  return (
    <label className="field">
      <span>{label}</span>
      {isLong ? (
        <textarea {...common} rows={2} onChange={({ target }) => onChange(target.value)} />
      ) : (
        <input
          {...common}
          type={type ?? "text"}
          step={type === "number" ? "any" : type === "datetime-local" ? 1 : undefined}
          pattern={pattern}
          title={pattern && text.idHint}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </label>
  );
}

/** The pattern of ids. */
export const ID_PATTERN = "[A-Za-z0-9._\\-]{1,64}";
