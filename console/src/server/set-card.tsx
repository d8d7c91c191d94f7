import { useState, type ReactNode } from "react";
import { t } from "../strings";
import type { Changes } from "./entries";
import { EntryCard, EntryForm, ID_PATTERN, TextField, isInvalid, type Editing } from "./entry-card";

const text = t.server;

/** A set of words, which may apply to one source or language only. */
interface WordSet {
  id: string;
  source?: string | null;
  language?: string | null;
}

interface SetCardProps<S, Input> {
  title: string;
  empty: string;
  add: string;
  sets: readonly S[];
  changes: Changes<Input>;
  describe: (set: S) => string;
  /** The set as a client stores it. */
  inputOf: (set: S) => Input;
  onMore: (() => void) | undefined;
  /** The form of a set, or of a new one. */
  children: (form: { set: S | null; ids: readonly string[]; onClose: () => void }) => ReactNode;
}

/** A list of sets, which can be added, edited and deleted. */
export function SetCard<S extends WordSet, Input>({ sets, describe, children, ...card }: SetCardProps<S, Input>) {
  const [editing, setEditing] = useState<Editing<S>>();
  return (
    <EntryCard
      {...card}
      entries={sets}
      editing={editing}
      describe={(set) => (
        <>
          <code>{set.id}</code> {describe(set)} {set.source && <span className="badge">{set.source}</span>}{" "}
          {set.language && <span className="badge">{set.language}</span>}
        </>
      )}
      onEdit={setEditing}
    >
      {editing !== undefined && children({ set: editing, ids: sets.map(({ id }) => id), onClose: () => setEditing(undefined) })}
    </EntryCard>
  );
}

interface SetFormProps<Input> {
  set: WordSet | null;
  ids: readonly string[];
  changes: Changes<Input>;
  newLabel: string;
  /** The set as a client stores it, from its words and these. */
  inputOf: (set: { id: string; source: string | null; language: string | null }) => Input;
  onClose: () => void;
  /** What precedes the fields. */
  above?: ReactNode;
  /** The fields of its words. */
  children: ReactNode;
}

/** The form of a set: its id, its words, and the source and language to which it applies. */
export function SetForm<Input>({ set, ids, changes, newLabel, inputOf, onClose, above, children }: SetFormProps<Input>) {
  const [id, setId] = useState(set?.id ?? "");
  const [source, setSource] = useState(set?.source ?? "");
  const [language, setLanguage] = useState(set?.language ?? "");
  const isTaken = set === null && ids.includes(id.trim());
  const submit = async () => {
    if (isTaken) return;
    if (await changes.save(inputOf({ id: id.trim(), source: source.trim() || null, language: language.trim() || null }))) onClose();
  };
  const invalid = (path: string) => isInvalid(changes.failure, path);
  return (
    <EntryForm
      label={set ? text.editEntry(set.id) : newLabel}
      isSaving={changes.isSaving}
      failure={changes.failure}
      problem={isTaken ? text.taken(id.trim()) : undefined}
      onSubmit={() => void submit()}
      onCancel={onClose}
    >
      {above}
      <div className="fields">
        <TextField label={text.id} value={id} onChange={setId} isRequired isReadOnly={set !== null} pattern={ID_PATTERN} isInvalid={invalid("id")} />
        {children}
        <TextField label={text.onlySource} value={source} onChange={setSource} isInvalid={invalid("source")} />
        <TextField label={text.onlyLanguage} hint={text.languageHint} value={language} onChange={setLanguage} isInvalid={invalid("language")} />
      </div>
    </EntryForm>
  );
}
