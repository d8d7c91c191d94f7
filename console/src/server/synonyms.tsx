import { useState } from "react";
import { Segmented } from "../components/segmented";
import { DeleteSynonymsDocument, PutSynonymsDocument, type RulesQuery, type SynonymSetInput } from "../gql/graphql";
import { t } from "../strings";
import { useChanges, wordsOf, type Changes } from "./entries";
import { TextField, isInvalid } from "./entry-card";
import { SetCard, SetForm } from "./set-card";

type SynonymSet = RulesQuery["searchRules"]["synonyms"][number];
const text = t.server;

interface SynonymsProps {
  sets: readonly SynonymSet[];
  onChange: () => void;
  onMore: (() => void) | undefined;
}

export function Synonyms({ sets, onChange, onMore }: SynonymsProps) {
  const changes = useChanges<SynonymSetInput>(PutSynonymsDocument, DeleteSynonymsDocument, onChange);
  return (
    <SetCard
      title={text.synonyms}
      empty={text.noSynonyms}
      add={text.newSynonyms}
      sets={sets}
      changes={changes}
      describe={({ words, from, to }) => (words.length > 0 ? words.join(" = ") : `${from.join(", ")} → ${to.join(", ")}`)}
      inputOf={({ id, words, from, to, source, language }) => ({ id, words, from, to, source, language })}
      onMore={onMore}
    >
      {(form) => <SynonymForm key={form.set?.id ?? ""} {...form} changes={changes} />}
    </SetCard>
  );
}

interface SynonymFormProps {
  set: SynonymSet | null;
  ids: readonly string[];
  changes: Changes<SynonymSetInput>;
  onClose: () => void;
}

function SynonymForm({ set, changes, ...form }: SynonymFormProps) {
  const [direction, setDirection] = useState<"both" | "one">(set && set.words.length === 0 ? "one" : "both");
  const [words, setWords] = useState(set?.words.join(", ") ?? "");
  const [from, setFrom] = useState(set?.from.join(", ") ?? "");
  const [to, setTo] = useState(set?.to.join(", ") ?? "");
  const invalid = (path: string) => isInvalid(changes.failure, path);
  return (
    <SetForm
      {...form}
      set={set}
      changes={changes}
      newLabel={text.newSynonyms}
      inputOf={(scoped) => ({
        ...scoped,
        ...(direction === "both" ? { words: wordsOf(words) } : { from: wordsOf(from), to: wordsOf(to) }),
      })}
      above={
        <Segmented
          label={text.direction}
          options={[
            ["both", text.directions.both],
            ["one", text.directions.one],
          ]}
          value={direction}
          onChange={setDirection}
        />
      }
    >
      {direction === "both" ? (
        <TextField label={text.twoWay} hint={text.twoWayHint} value={words} onChange={setWords} isRequired isInvalid={invalid("words")} />
      ) : (
        <>
          <TextField label={text.synonymsFrom} value={from} onChange={setFrom} isRequired isInvalid={invalid("from")} />
          <TextField label={text.synonymsTo} value={to} onChange={setTo} isRequired isInvalid={invalid("to")} />
        </>
      )}
    </SetForm>
  );
}
