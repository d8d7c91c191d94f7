// A rule as its form holds it: texts of fields, which become the input of `putRules`.
import type { AttributeType, DocumentFilter, RulesQuery, SearchRuleInput } from "../gql/graphql";
import { t } from "../strings";
import { linesOf } from "./entries";

export type Rule = RulesQuery["searchRules"]["rules"][number];

/** The searches to which a rule applies. */
export type AppliesTo = "all" | "queries" | "empty";

export interface PinDraft {
  source: string;
  key: string;
  position: string;
}

export interface BoostDraft {
  factor: string;
  /** `source`, `category`, `authorKey`, an attribute with `@` before its name, or `json`. */
  field: string;
  /** The value of the field, or a filter in JSON. */
  value: string;
}

export interface RuleDraft {
  id: string;
  name: string;
  enabled: boolean;
  priority: string;
  validFrom: string;
  validUntil: string;
  appliesTo: AppliesTo;
  equals: string;
  contains: string;
  source: string;
  category: string;
  pin: readonly PinDraft[];
  hide: readonly Omit<PinDraft, "position">[];
  boost: readonly BoostDraft[];
  redirect: string;
}

/** A declared attribute that filters. */
export interface FilterAttribute {
  name: string;
  type: AttributeType;
}

export const BOOST_FIELDS = ["category", "source", "authorKey"] as const;
export const JSON_FIELD = "json";

export const NEW_RULE: RuleDraft = {
  id: "",
  name: "",
  enabled: true,
  priority: "",
  validFrom: "",
  validUntil: "",
  appliesTo: "queries",
  equals: "",
  contains: "",
  source: "",
  category: "",
  pin: [],
  hide: [],
  boost: [],
  redirect: "",
};

export function draftOf(rule: Rule): RuleDraft {
  const { equals, contains, empty, source, category } = rule.condition;
  return {
    id: rule.id,
    name: rule.name ?? "",
    enabled: rule.enabled,
    priority: rule.priority === 0 ? "" : String(rule.priority),
    validFrom: localTime(rule.validFrom),
    validUntil: localTime(rule.validUntil),
    appliesTo: empty ? "empty" : equals.length + contains.length > 0 ? "queries" : "all",
    equals: equals.join("\n"),
    contains: contains.join("\n"),
    source: source.join("\n"),
    category: category.join("\n"),
    pin: rule.pin.map(({ source, key, position }) => ({ source, key, position: String(position) })),
    hide: rule.hide.map(({ source, key }) => ({ source, key })),
    boost: rule.boost.map(({ filter, factor }) => ({ factor: String(factor), ...fieldOf(filter as DocumentFilter) })),
    redirect: rule.redirect ?? "",
  };
}

/** The input of a draft, or the problem that prevents it. */
export function inputOf(draft: RuleDraft, attributes: readonly FilterAttribute[]): SearchRuleInput | { problem: string } {
  const isOfQueries = draft.appliesTo === "queries";
  // Without a query, the rule would apply to all searches.
  if (isOfQueries && linesOf(draft.equals).length + linesOf(draft.contains).length === 0) return { problem: t.server.noQueries };
  const boost: { factor: number; filter: DocumentFilter }[] = [];
  for (const [at, { factor, field, value }] of draft.boost.entries()) {
    const filter = filterOf(field, value, attributes);
    if (!filter) return { problem: t.server.invalidJson(at + 1) };
    boost.push({ factor: Number(factor), filter });
  }
  return {
    id: draft.id.trim(),
    name: draft.name.trim() || null,
    enabled: draft.enabled,
    priority: Number(draft.priority),
    validFrom: instant(draft.validFrom),
    validUntil: instant(draft.validUntil),
    condition: {
      equals: isOfQueries ? linesOf(draft.equals) : [],
      contains: isOfQueries ? linesOf(draft.contains) : [],
      empty: draft.appliesTo === "empty",
      source: linesOf(draft.source),
      category: linesOf(draft.category),
    },
    pin: draft.pin.map(({ source, key, position }) => ({ source, key, position: Number(position) })),
    hide: draft.hide.map(({ source, key }) => ({ source, key })),
    boost,
    redirect: draft.redirect.trim() || null,
  };
}

/** A stored rule as a client stores it. */
export function restored(rule: Rule): SearchRuleInput {
  const { equals, contains, empty, source, category } = rule.condition;
  return {
    id: rule.id,
    name: rule.name,
    enabled: rule.enabled,
    priority: rule.priority,
    validFrom: rule.validFrom,
    validUntil: rule.validUntil,
    condition: { equals, contains, empty, source, category },
    pin: rule.pin.map(({ source, key, position }) => ({ source, key, position })),
    hide: rule.hide.map(({ source, key }) => ({ source, key })),
    boost: rule.boost.map(({ filter, factor }) => ({ filter: filter as DocumentFilter, factor })),
    redirect: rule.redirect,
  };
}

/** The lowest position that no document of a draft has. */
export function freePosition({ pin }: RuleDraft): string {
  const taken = new Set(pin.map(({ position }) => position));
  let position = 1;
  while (taken.has(String(position))) position += 1;
  return String(position);
}

/** The field of a filter with one value, or the filter in JSON. */
function fieldOf(filter: DocumentFilter): { field: string; value: string } {
  const [[name, values] = ["", undefined], ...others] = Object.entries(filter);
  const field = BOOST_FIELDS.find((field) => field === name);
  if (others.length === 0 && field && Array.isArray(values) && values.length === 1) {
    return { field, value: String(values[0]) };
  }
  const [attribute, ...more] = filter.attributes ?? [];
  if (others.length === 0 && attribute && more.length === 0) {
    const { name, in: values, ...conditions } = attribute;
    if (values?.length === 1 && Object.keys(conditions).length === 0) return { field: `@${name}`, value: String(values[0]) };
  }
  return { field: JSON_FIELD, value: JSON.stringify(filter) };
}

function filterOf(field: string, value: string, attributes: readonly FilterAttribute[]): DocumentFilter | undefined {
  if (field === JSON_FIELD) {
    try {
      const filter: unknown = JSON.parse(value);
      return typeof filter === "object" && filter !== null && !Array.isArray(filter) ? filter : undefined;
    } catch {
      return undefined;
    }
  }
  if (!field.startsWith("@")) return { [field]: [value] };
  const name = field.slice(1);
  const isNumber = attributes.some((attribute) => attribute.name === name && attribute.type === "NUMBER");
  return { attributes: [{ name, in: [isNumber && value.trim() !== "" ? Number(value) : value] }] };
}

/** A time as the field of the browser holds it: in the viewer's time zone. */
function localTime(instant: string | null | undefined): string {
  if (!instant) return "";
  const time = new Date(instant);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

const instant = (local: string) => (local === "" ? null : new Date(local).toISOString());
