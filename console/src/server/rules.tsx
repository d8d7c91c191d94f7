import { useMutation, useQuery } from "@apollo/client/react";
import { useState, type FormEvent } from "react";
import { FailureNotice } from "../components/notices";
import { failureOf } from "../failure";
import { DeleteRulesDocument, DeleteSynonymsDocument, PutSynonymsDocument, RulesDocument, type RulesQuery } from "../gql/graphql";
import { t } from "../strings";
import { Preview } from "./preview";

type SearchRules = RulesQuery["searchRules"];
type Rule = SearchRules["rules"][number];
type SynonymSet = SearchRules["synonyms"][number];

/** Synonyms, rules and stop words, and a preview of their effect. */
export function Rules() {
  const response = useQuery(RulesDocument, { fetchPolicy: "network-only" });
  const rules = (response.data ?? response.previousData)?.searchRules as SearchRules | undefined;
  // Previews show the results before and after the latest change.
  const [revision, setRevision] = useState(0);
  const changed = () => {
    setRevision((revision) => revision + 1);
    void response.refetch();
  };
  const failure = response.loading ? undefined : failureOf(response.error);
  return (
    <section aria-label={t.server.rules}>
      <h2 className="section-title">{t.server.rules}</h2>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      {rules && (
        <div className="rules">
          <div className="stack">
            <Synonyms sets={rules.synonyms} onChange={changed} />
            <RuleList rules={rules.rules} onChange={changed} />
            {rules.stopWords.length > 0 && (
              <div className="card tile">
                <h3>{t.server.stopWords}</h3>
                {rules.stopWords.map(({ id, add, remove }) => (
                  <p key={id}>
                    <code>{id}</code> {[...add, ...remove.map((word) => `−${word}`)].join(", ")}
                  </p>
                ))}
              </div>
            )}
          </div>
          <Preview revision={revision} />
        </div>
      )}
    </section>
  );
}

function Synonyms({ sets, onChange }: { sets: readonly SynonymSet[]; onChange: () => void }) {
  const [put, stored] = useMutation(PutSynonymsDocument, { errorPolicy: "all" });
  const [remove, removed] = useMutation(DeleteSynonymsDocument, { errorPolicy: "all" });
  const [id, setId] = useState("");
  const [words, setWords] = useState("");
  const failure = failureOf(stored.error ?? removed.error);
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    const list = words.split(",").map((word) => word.trim()).filter(Boolean);
    const { error } = await put({ variables: { synonyms: [{ id: id.trim(), words: list }] } });
    if (error) return;
    setId("");
    setWords("");
    onChange();
  };
  const drop = async (id: string) => {
    const { error } = await remove({ variables: { ids: [id] } });
    if (!error) onChange();
  };
  return (
    <div className="card tile">
      <h3>{t.server.synonyms}</h3>
      {sets.length === 0 && <p className="muted">{t.server.noSynonyms}</p>}
      <ul className="entries">
        {sets.map((set) => (
          <li key={set.id}>
            <span>
              <code>{set.id}</code> {set.words.length > 0 ? set.words.join(" = ") : `${set.from.join(", ")} → ${set.to.join(", ")}`}
              {set.source && <span className="badge">{set.source}</span>}
              {set.language && <span className="badge">{set.language}</span>}
            </span>
            <button type="button" className="link" aria-label={t.common.remove(set.id)} onClick={() => void drop(set.id)}>
              {t.server.delete}
            </button>
          </li>
        ))}
      </ul>
      <form className="entry-form" onSubmit={(event) => void submit(event)}>
        <label className="field">
          <span>{t.server.id}</span>
          <input type="text" className="input" required pattern="[A-Za-z0-9._\-]{1,64}" title={t.server.idHint} value={id} onChange={({ target }) => setId(target.value)} />
        </label>
        <label className="field">
          <span>{t.server.twoWay}</span>
          <input type="text" className="input" required placeholder={t.server.twoWayHint} value={words} onChange={({ target }) => setWords(target.value)} />
        </label>
        <button type="submit" className="button primary" disabled={stored.loading}>
          {t.server.save}
        </button>
      </form>
      <p role="status" className="muted small">
        {stored.data && !stored.loading && !failure && t.server.saved}
      </p>
      {failure && <FailureNotice failure={failure} onRetry={() => void submit()} />}
    </div>
  );
}

function RuleList({ rules, onChange }: { rules: readonly Rule[]; onChange: () => void }) {
  const [remove, removed] = useMutation(DeleteRulesDocument, { errorPolicy: "all" });
  const failure = failureOf(removed.error);
  const drop = async (id: string) => {
    const { error } = await remove({ variables: { ids: [id] } });
    if (!error) onChange();
  };
  return (
    <div className="card tile">
      <h3>{t.server.rulesTitle}</h3>
      {rules.length === 0 && <p className="muted">{t.server.noRules}</p>}
      <ul className="entries">
        {rules.map((rule) => (
          <li key={rule.id}>
            <span>
              <code>{rule.id}</code> {rule.name}
              {!rule.enabled && <span className="badge">{t.server.disabled}</span>}
              <span className="muted small note">{effect(rule)}</span>
            </span>
            <button type="button" className="link" aria-label={t.common.remove(rule.id)} onClick={() => void drop(rule.id)}>
              {t.server.delete}
            </button>
          </li>
        ))}
      </ul>
      {failure && <FailureNotice failure={failure} onRetry={onChange} />}
    </div>
  );
}

function effect({ condition, pin, hide, boost, redirect }: Rule): string {
  const { equals, contains, empty, source, category } = condition;
  const texts = [
    ...equals.map((text) => `= ${text}`),
    ...contains.map((text) => `∋ ${text}`),
    ...(empty ? ["∅"] : []),
    ...source,
    ...category,
  ];
  const effects = t.server.effects(pin.length, hide.length, boost.length, redirect ?? null);
  return [texts.join(", "), effects].filter(Boolean).join(" → ");
}
