import { useState } from "react";
import { Segmented } from "../components/segmented";
import { DeleteSynonymsDocument, PutSynonymsDocument, type RulesQuery, type SynonymSetInput } from "../gql/graphql";
import { t } from "../strings";
import { useChanges, wordsOf } from "./entries";
import { EntryCard, EntryForm, ID_PATTERN, TextField, isInvalid, type Editing } from "./entry-card";

type SynonymSet = RulesQuery["searchRules"]["synonyms"][number];
const text = t.server;

interface SynonymsProps {
  sets: readonly SynonymSet[];
  onChange: () => void;
  onMore: (() => void) | undefined;
}

export function Synonyms({ sets, onChange, onMore }: SynonymsProps) {
  const changes = useChanges<SynonymSetInput>(PutSynonymsDocument, DeleteSynonymsDocument, onChange);
  const [editing, setEditing] = useState<Editing<SynonymSet>>();
  const describe = (set: SynonymSet) => (
    <>
      <code>{set.id}</code> {set.words.length > 0 ? set.words.join(" = ") : `${set.from.join(", ")} → ${set.to.join(", ")}`}{" "}
      {set.source && <span className="badge">{set.source}</span>} {set.language && <span className="badge">{set.language}</span>}
    </>
  );
  return (
    <EntryCard
      title={text.synonyms}
      empty={text.noSynonyms}
      add={text.newSynonyms}
      entries={sets}
      editing={editing}
      changes={changes}
      describe={describe}
      inputOf={({ id, words, from, to, source, language }) => ({ id, words, from, to, source, language })}
      onEdit={setEditing}
      onMore={onMore}
    >
      {editing !== undefined && (
        <SynonymForm
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

interface SynonymFormProps {
  set: SynonymSet | null;
  ids: readonly string[];
  changes: ReturnType<typeof useChanges<SynonymSetInput>>;
  onClose: () => void;
}

function SynonymForm({ set, ids, changes, onClose }: SynonymFormProps) {
  const [id, setId] = useState(set?.id ?? "");
  const [direction, setDirection] = useState<"both" | "one">(set && set.words.length === 0 ? "one" : "both");
  const [words, setWords] = useState(set?.words.join(", ") ?? "");
  const [from, setFrom] = useState(set?.from.join(", ") ?? "");
  const [to, setTo] = useState(set?.to.join(", ") ?? "");
  const [source, setSource] = useState(set?.source ?? "");
  const [language, setLanguage] = useState(set?.language ?? "");
  const isTaken = set === null && ids.includes(id.trim());
  const submit = async () => {
    if (isTaken) return;
    const entry: SynonymSetInput = { id: id.trim(), source: source.trim() || null, language: language.trim() || null };
    if (direction === "both") entry.words = wordsOf(words);
    else Object.assign(entry, { from: wordsOf(from), to: wordsOf(to) });
    if (await changes.save(entry)) onClose();
  };
  const invalid = (path: string) => isInvalid(changes.failure, path);
  return (
    <EntryForm
      label={set ? text.editEntry(set.id) : text.newSynonyms}
      isSaving={changes.isSaving}
      failure={changes.failure}
      problem={isTaken ? text.taken(id.trim()) : undefined}
      onSubmit={() => void submit()}
      onCancel={onClose}
    >
      <Segmented
        label={text.direction}
        options={[
          ["both", text.directions.both],
          ["one", text.directions.one],
        ]}
        value={direction}
        onChange={setDirection}
      />
      <div className="fields">
        <TextField label={text.id} value={id} onChange={setId} isRequired isReadOnly={set !== null} pattern={ID_PATTERN} isInvalid={invalid("id")} />
        {direction === "both" ? (
          <TextField label={text.twoWay} hint={text.twoWayHint} value={words} onChange={setWords} isRequired isInvalid={invalid("words")} />
        ) : (
          <>
            <TextField label={text.synonymsFrom} value={from} onChange={setFrom} isRequired isInvalid={invalid("from")} />
            <TextField label={text.synonymsTo} value={to} onChange={setTo} isRequired isInvalid={invalid("to")} />
          </>
        )}
        <TextField label={text.onlySource} value={source} onChange={setSource} isInvalid={invalid("source")} />
        <TextField label={text.onlyLanguage} hint={text.languageHint} value={language} onChange={setLanguage} isInvalid={invalid("language")} />
      </div>
    </EntryForm>
  );
}
