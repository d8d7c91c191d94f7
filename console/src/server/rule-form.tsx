import type { ReactNode } from "react";
import type { Failure } from "../failure";
import { Segmented } from "../components/segmented";
import { t } from "../strings";
import { EntryForm, ID_PATTERN, TextField, isInvalid } from "./entry-card";
import { BOOST_FIELDS, JSON_FIELD, freePosition, type AppliesTo, type FilterAttribute, type RuleDraft } from "./rule-draft";

const text = t.server;
const APPLIES_TO: readonly (readonly [AppliesTo, string])[] = [
  ["queries", text.appliesTo.queries],
  ["all", text.appliesTo.all],
  ["empty", text.appliesTo.empty],
];

interface RuleFormProps {
  draft: RuleDraft;
  isNew: boolean;
  attributes: readonly FilterAttribute[];
  isSaving: boolean;
  failure: Failure | undefined;
  problem: string | undefined;
  onDraft: (draft: RuleDraft) => void;
  onSubmit: () => void;
  onCancel: () => void;
}

/** The form of a rule: the searches to which it applies, and its effects on their results. */
export function RuleForm({ draft, isNew, attributes, isSaving, failure, problem, onDraft, onSubmit, onCancel }: RuleFormProps) {
  const invalid = (path: string) => isInvalid(failure, path);
  const set = (change: Partial<RuleDraft>) => onDraft({ ...draft, ...change });
  const field = (name: keyof RuleDraft & ("id" | "name" | "priority" | "redirect" | "validFrom" | "validUntil")) => ({
    value: draft[name],
    onChange: (value: string) => set({ [name]: value }),
    isInvalid: invalid(name),
  });
  const condition = (name: "equals" | "contains" | "source" | "category") => ({
    value: draft[name],
    onChange: (value: string) => set({ [name]: value }),
    isInvalid: invalid(`condition.${name}`),
    isLong: true,
  });
  return (
    <EntryForm
      label={isNew ? text.newRule : text.editEntry(draft.id)}
      isSaving={isSaving}
      failure={failure}
      problem={problem}
      onSubmit={onSubmit}
      onCancel={onCancel}
    >
      <div className="fields">
        <TextField label={text.id} isRequired isReadOnly={!isNew} pattern={ID_PATTERN} {...field("id")} />
        <TextField label={text.ruleName} hint={text.ruleNameHint} {...field("name")} />
      </div>
      <label className="check">
        <input type="checkbox" checked={draft.enabled} onChange={({ target }) => set({ enabled: target.checked })} />
        {text.enabled}
      </label>
      <fieldset className="group">
        <legend>{text.condition}</legend>
        <Segmented label={text.condition} options={APPLIES_TO} value={draft.appliesTo} onChange={(appliesTo) => set({ appliesTo })} />
        {draft.appliesTo === "queries" && (
          <div className="fields">
            <TextField label={text.equals} hint={text.linesHint} {...condition("equals")} />
            <TextField label={text.contains} hint={text.linesHint} {...condition("contains")} />
          </div>
        )}
        <details>
          <summary>{text.moreConditions}</summary>
          <div className="fields">
            <TextField label={text.conditionSource} hint={text.linesHint} {...condition("source")} />
            <TextField label={text.conditionCategory} hint={text.linesHint} {...condition("category")} />
            <TextField label={text.validFrom} type="datetime-local" {...field("validFrom")} />
            <TextField label={text.validUntil} type="datetime-local" {...field("validUntil")} />
            <TextField label={text.priority} hint="0" type="number" {...field("priority")} />
          </div>
        </details>
      </fieldset>
      <fieldset className="group">
        <legend>{text.ruleEffects}</legend>
        <p className="muted small">{text.pickHint}</p>
        <Items
          title={text.pin}
          add={text.addPin}
          count={draft.pin.length}
          onAdd={() => set({ pin: [...draft.pin, { source: "", key: "", position: freePosition(draft) }] })}
          onRemove={(at) => set({ pin: without(draft.pin, at) })}
        >
          {(at) => {
            const item = draft.pin[at] ?? { source: "", key: "", position: "" };
            const change = (part: Partial<typeof item>) => set({ pin: replaced(draft.pin, at, { ...item, ...part }) });
            return (
              <div className="fields of-pin">
                <TextField label={text.source} isRequired value={item.source} onChange={(source) => change({ source })} isInvalid={invalid(`pin.${at}.source`)} />
                <TextField label={text.documentKey} isRequired value={item.key} onChange={(key) => change({ key })} isInvalid={invalid(`pin.${at}.key`)} />
                <TextField
                  label={text.position}
                  type="number"
                  isRequired
                  value={item.position}
                  onChange={(position) => change({ position })}
                  isInvalid={invalid(`pin.${at}.position`)}
                />
              </div>
            );
          }}
        </Items>
        <Items
          title={text.hide}
          add={text.addHide}
          count={draft.hide.length}
          onAdd={() => set({ hide: [...draft.hide, { source: "", key: "" }] })}
          onRemove={(at) => set({ hide: without(draft.hide, at) })}
        >
          {(at) => {
            const item = draft.hide[at] ?? { source: "", key: "" };
            const change = (part: Partial<typeof item>) => set({ hide: replaced(draft.hide, at, { ...item, ...part }) });
            return (
              <div className="fields">
                <TextField label={text.source} isRequired value={item.source} onChange={(source) => change({ source })} isInvalid={invalid(`hide.${at}.source`)} />
                <TextField label={text.documentKey} isRequired value={item.key} onChange={(key) => change({ key })} isInvalid={invalid(`hide.${at}.key`)} />
              </div>
            );
          }}
        </Items>
        <Items
          title={text.boost}
          add={text.addBoost}
          count={draft.boost.length}
          onAdd={() => set({ boost: [...draft.boost, { factor: "2", field: "category", value: "" }] })}
          onRemove={(at) => set({ boost: without(draft.boost, at) })}
        >
          {(at) => {
            const item = draft.boost[at] ?? { factor: "", field: "category", value: "" };
            const change = (part: Partial<typeof item>) => set({ boost: replaced(draft.boost, at, { ...item, ...part }) });
            const attribute = item.field.startsWith("@") && !attributes.some(({ name }) => `@${name}` === item.field);
            return (
              <div className="fields of-boost">
                <label className="field">
                  <span>{text.boostField}</span>
                  <span className="select">
                    <select value={item.field} onChange={({ target }) => change({ field: target.value })}>
                      {BOOST_FIELDS.map((name) => (
                        <option key={name} value={name}>
                          {text.boostFields[name]}
                        </option>
                      ))}
                      {attributes.map(({ name }) => (
                        <option key={name} value={`@${name}`}>
                          {name}
                        </option>
                      ))}
                      {attribute && <option value={item.field}>{item.field.slice(1)}</option>}
                      <option value={JSON_FIELD}>{text.boostFields.json}</option>
                    </select>
                  </span>
                </label>
                <TextField
                  label={item.field === JSON_FIELD ? text.boostFields.json : text.boostValue}
                  isRequired
                  isLong={item.field === JSON_FIELD}
                  value={item.value}
                  onChange={(value) => change({ value })}
                  isInvalid={invalid(`boost.${at}.filter`)}
                />
                <TextField
                  label={text.factor}
                  hint={text.factorHint}
                  type="number"
                  isRequired
                  value={item.factor}
                  onChange={(factor) => change({ factor })}
                  isInvalid={invalid(`boost.${at}.factor`)}
                />
              </div>
            );
          }}
        </Items>
        <TextField label={text.redirect} hint={text.redirectHint} {...field("redirect")} />
      </fieldset>
    </EntryForm>
  );
}

interface ItemsProps {
  title: string;
  add: string;
  count: number;
  onAdd: () => void;
  onRemove: (at: number) => void;
  children: (at: number) => ReactNode;
}

/** A list of effects of one kind. */
function Items({ title, add, count, onAdd, onRemove, children }: ItemsProps) {
  return (
    <fieldset className="items">
      <legend>{title}</legend>
      {Array.from({ length: count }, (_, at) => (
        <div key={at} className="item" role="group" aria-label={`${title} ${at + 1}`}>
          {children(at)}
          <button type="button" className="link" aria-label={t.server.deleteEntry(`${title} ${at + 1}`)} onClick={() => onRemove(at)}>
            {t.server.delete}
          </button>
        </div>
      ))}
      <button type="button" className="link" onClick={onAdd}>
        {add}
      </button>
    </fieldset>
  );
}

const without = <Item,>(items: readonly Item[], at: number) => items.filter((_, index) => index !== at);
const replaced = <Item,>(items: readonly Item[], at: number, item: Item) => items.map((other, index) => (index === at ? item : other));
