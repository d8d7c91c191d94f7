import { useState } from "react";
import { DeleteRulesDocument, PutRulesDocument, type SearchRuleInput } from "../gql/graphql";
import { t } from "../strings";
import { useChanges } from "./entries";
import { EntryCard } from "./entry-card";
import { NEW_RULE, draftOf, inputOf, restored, type FilterAttribute, type Rule, type RuleDraft } from "./rule-draft";
import { RuleForm } from "./rule-form";

const text = t.server;

/** A rule in its form, and the stored one that it replaces: null for a new one. */
export interface OpenRule {
  draft: RuleDraft;
  stored: Rule | null;
}

interface RuleListProps {
  rules: readonly Rule[];
  attributes: readonly FilterAttribute[];
  open: OpenRule | undefined;
  onOpen: (open: OpenRule | undefined) => void;
  onChange: () => void;
  onMore: (() => void) | undefined;
}

export function RuleList({ rules, attributes, open, onOpen, onChange, onMore }: RuleListProps) {
  const changes = useChanges<SearchRuleInput>(PutRulesDocument, DeleteRulesDocument, onChange);
  const [invalidDraft, setInvalidDraft] = useState<string>();
  const close = () => {
    setInvalidDraft(undefined);
    onOpen(undefined);
  };
  const isTaken = open?.stored === null && rules.some(({ id }) => id === open.draft.id.trim());
  const submit = async () => {
    if (!open || isTaken) return;
    const entry = inputOf(open.draft, attributes);
    setInvalidDraft("problem" in entry ? entry.problem : undefined);
    if (!("problem" in entry) && (await changes.save(entry))) close();
  };
  const problem = isTaken ? text.taken(open.draft.id.trim()) : invalidDraft;
  return (
    <EntryCard
      title={text.rulesTitle}
      empty={text.noRules}
      add={text.newRule}
      entries={rules}
      editing={open && open.stored}
      changes={changes}
      describe={describe}
      inputOf={restored}
      onEdit={(rule) => onOpen(rule === undefined ? undefined : { stored: rule, draft: rule ? draftOf(rule) : NEW_RULE })}
      onMore={onMore}
    >
      {open && (
        <RuleForm
          key={open.stored?.id ?? ""}
          draft={open.draft}
          isNew={open.stored === null}
          attributes={attributes}
          isSaving={changes.isSaving}
          failure={changes.failure}
          problem={problem}
          onDraft={(draft) => onOpen({ ...open, draft })}
          onSubmit={() => void submit()}
          onCancel={close}
        />
      )}
    </EntryCard>
  );
}

function describe(rule: Rule) {
  return (
    <>
      <code>{rule.id}</code> {rule.name} {!rule.enabled && <span className="badge">{text.disabled}</span>}
      <span className="muted small note">{effect(rule)}</span>
    </>
  );
}

function effect({ condition, pin, hide, boost, redirect }: Rule): string {
  const { equals, contains, empty, source, category } = condition;
  const texts = [
    ...equals.map((query) => text.isQuery(query)),
    ...contains.map((query) => text.containsQuery(query)),
    ...(empty ? [text.emptyQuery] : []),
    ...source,
    ...category,
  ];
  const effects = text.effects(pin.length, hide.length, boost.length, redirect ?? null);
  return [texts.join(", ") || text.allSearches, effects].join(" → ");
}
