import { useState } from "react";
import { DeleteStopWordsDocument, PutStopWordsDocument, type RulesQuery, type StopWordSetInput } from "../gql/graphql";
import { t } from "../strings";
import { useChanges, wordsOf, type Changes } from "./entries";
import { TextField, isInvalid } from "./entry-card";
import { SetCard, SetForm } from "./set-card";

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
  return (
    <SetCard
      title={text.stopWords}
      empty={text.noStopWords}
      add={text.newStopWords}
      sets={sets}
      changes={changes}
      describe={({ add, remove }) => [...add, ...remove.map((word) => `−${word}`)].join(", ")}
      inputOf={({ id, add, remove, source, language }) => ({ id, add, remove, source, language })}
      onMore={onMore}
    >
      {(form) => <StopWordForm key={form.set?.id ?? ""} {...form} changes={changes} />}
    </SetCard>
  );
}

interface StopWordFormProps {
  set: StopWordSet | null;
  ids: readonly string[];
  changes: Changes<StopWordSetInput>;
  onClose: () => void;
}

function StopWordForm({ set, changes, ...form }: StopWordFormProps) {
  const [add, setAdd] = useState(set?.add.join(", ") ?? "");
  const [remove, setRemove] = useState(set?.remove.join(", ") ?? "");
  const invalid = (path: string) => isInvalid(changes.failure, path);
  return (
    <SetForm
      {...form}
      set={set}
      changes={changes}
      newLabel={text.newStopWords}
      inputOf={(scoped) => ({ ...scoped, add: wordsOf(add), remove: wordsOf(remove) })}
    >
      <TextField label={text.stopWordsAdd} hint={text.stopWordsHint} value={add} onChange={setAdd} isInvalid={invalid("add")} />
      <TextField label={text.stopWordsRemove} value={remove} onChange={setRemove} isInvalid={invalid("remove")} />
    </SetForm>
  );
}
