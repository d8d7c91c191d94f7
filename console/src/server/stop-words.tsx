import { useState } from "react";
import { DeleteStopWordsDocument, PutStopWordsDocument, type RulesQuery, type StopWordSetInput } from "../gql/graphql";
import { t } from "../strings";
import { useChanges, wordsOf } from "./entries";
import { EntryCard, EntryForm, ID_PATTERN, TextField, isInvalid, type Editing } from "./entry-card";

type StopWordSet = RulesQuery["searchRules"]["stopWords"][number];
const text = t.server;

interface StopWordsProps {
  sets: readonly StopWordSet[];
  onChange: () => void;
  onMore: (() => void) | undefined;
}

/** Words that searches ignore besides those of built-in lists, or that they no longer ignore. */
export function StopWords({ sets, onChange, onMore }: StopWordsProps) {
  const changes = useChanges<StopWordSetInput>(PutStopWordsDocument, DeleteStopWordsDocument, onChange);
  const [editing, setEditing] = useState<Editing<StopWordSet>>();
  const describe = (set: StopWordSet) => (
    <>
      <code>{set.id}</code> {[...set.add, ...set.remove.map((word) => `−${word}`)].join(", ")}{" "}
      {set.source && <span className="badge">{set.source}</span>} {set.language && <span className="badge">{set.language}</span>}
    </>
  );
  return (
    <EntryCard
      title={text.stopWords}
      empty={text.noStopWords}
      add={text.newStopWords}
      entries={sets}
      editing={editing}
      changes={changes}
      describe={describe}
      inputOf={({ id, add, remove, source, language }) => ({ id, add, remove, source, language })}
      onEdit={setEditing}
      onMore={onMore}
    >
      {editing !== undefined && (
        <StopWordForm
          key={editing?.id ?? ""}
          set={editing}
          ids={sets.map(({ id }) => id)}
          changes={changes}
          onClose={() => setEditing(undefined)}
        />
      )}
    </EntryCard>
  );
}

interface StopWordFormProps {
  set: StopWordSet | null;
  ids: readonly string[];
  changes: ReturnType<typeof useChanges<StopWordSetInput>>;
  onClose: () => void;
}

function StopWordForm({ set, ids, changes, onClose }: StopWordFormProps) {
  const [id, setId] = useState(set?.id ?? "");
  const [add, setAdd] = useState(set?.add.join(", ") ?? "");
  const [remove, setRemove] = useState(set?.remove.join(", ") ?? "");
  const [source, setSource] = useState(set?.source ?? "");
  const [language, setLanguage] = useState(set?.language ?? "");
  const isTaken = set === null && ids.includes(id.trim());
  const submit = async () => {
    if (isTaken) return;
    const entry = {
      id: id.trim(),
      add: wordsOf(add),
      remove: wordsOf(remove),
      source: source.trim() || null,
      language: language.trim() || null,
    };
    if (await changes.save(entry)) onClose();
  };
  const invalid = (path: string) => isInvalid(changes.failure, path);
  return (
    <EntryForm
      label={set ? text.editEntry(set.id) : text.newStopWords}
      isSaving={changes.isSaving}
      failure={changes.failure}
      problem={isTaken ? text.taken(id.trim()) : undefined}
      onSubmit={() => void submit()}
      onCancel={onClose}
    >
      <div className="fields">
        <TextField label={text.id} value={id} onChange={setId} isRequired isReadOnly={set !== null} pattern={ID_PATTERN} isInvalid={invalid("id")} />
        <TextField label={text.stopWordsAdd} hint={text.stopWordsHint} value={add} onChange={setAdd} isInvalid={invalid("add")} />
        <TextField label={text.stopWordsRemove} value={remove} onChange={setRemove} isInvalid={invalid("remove")} />
        <TextField label={text.onlySource} value={source} onChange={setSource} isInvalid={invalid("source")} />
        <TextField label={text.onlyLanguage} hint={text.languageHint} value={language} onChange={setLanguage} isInvalid={invalid("language")} />
      </div>
    </EntryForm>
  );
}
