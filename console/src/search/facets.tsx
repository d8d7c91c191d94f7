import { skipToken, useQuery } from "@apollo/client/react";
import { useState } from "react";
import { FacetValuesDocument, type DocumentFilter } from "../gql/graphql";
import { count, t } from "../strings";
import { DateHistogram } from "./date-histogram";
import { Histogram } from "./histogram";
import { RangeFields } from "./range-fields";
import {
  ALL_VALUES,
  FIELDS,
  PUBLISHED,
  attributeField,
  toggle,
  withRange,
  type Declared,
  type Range,
  type SearchState,
} from "./state";

export interface FacetData {
  field: string;
  valueCount: number;
  buckets: readonly { value: string; name?: string | null; count: number }[];
}

interface FacetsProps {
  state: SearchState;
  declared: readonly Declared[];
  facets: readonly FacetData[];
  filter: DocumentFilter;
  onChange: (change: Partial<SearchState>) => void;
}

export function fieldLabel(field: string): string {
  const labels: Record<string, string> = t.search.fields;
  const name = field.replace(/^@/, "");
  const label = labels[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
  return field.startsWith("@") && name in labels ? t.search.attribute(label) : label;
}

/** The filters beside the results: values with counts, histograms, and the date of publication. */
export function Facets({ state, declared, facets, filter, onChange }: FacetsProps) {
  const ranged = declared.filter(({ isFacet, isFilter }) => isFacet && isFilter);
  const rangeOf = (name: string) => ({
    range: state.ranges.get(attributeField(name)) ?? ALL_VALUES,
    onRange: (range: Range) => onChange(withRange(state, attributeField(name), range)),
  });
  const isField = (name: string) => FIELDS.some((field) => field === name);
  const isFilter = (name: string) => isField(name) || declared.some((attribute) => attribute.name === name && attribute.isFilter);
  return (
    <>
      {facets
        .filter(({ field, buckets }) => buckets.length > 0 || state.values.has(field) || state.values.has(attributeField(field)))
        .map((facet) => (
          <Values
            key={facet.field}
            facet={facet}
            field={isField(facet.field) ? facet.field : attributeField(facet.field)}
            isFilter={isFilter(facet.field)}
            state={state}
            filter={filter}
            onChange={onChange}
          />
        ))}
      {ranged
        .filter(({ type }) => type === "NUMBER")
        .map(({ name }) => (
          <Histogram key={name} attribute={name} query={state.text} filter={filter} {...rangeOf(name)} />
        ))}
      {ranged
        .filter(({ type }) => type === "DATE")
        .map(({ name }) => (
          <DateHistogram key={name} attribute={name} query={state.text} filter={filter} {...rangeOf(name)} />
        ))}
      <Published state={state} onChange={onChange} />
    </>
  );
}

interface ValuesProps {
  facet: FacetData;
  field: string;
  /** Documents can be filtered by its values. */
  isFilter: boolean;
  state: SearchState;
  filter: DocumentFilter;
  onChange: (change: Partial<SearchState>) => void;
}

function Values({ facet, field, isFilter, state, filter, onChange }: ValuesProps) {
  const [isAll, setIsAll] = useState(false);
  const [startsWith, setStartsWith] = useState("");
  const chosen = state.values.get(field) ?? [];
  const variables = { query: state.text, filter, field: facet.field, startsWith };
  const { data, previousData } = useQuery(FacetValuesDocument, isAll ? { variables } : skipToken);
  const found = (data ?? previousData)?.search?.facets?.[0]?.buckets as FacetData["buckets"] | undefined;
  const buckets = isAll ? (found ?? facet.buckets) : facet.buckets;
  // Chosen values stay visible when they are no longer among the most frequent ones.
  const missing = chosen.filter((value) => buckets.every((bucket) => bucket.value !== value));
  const rows = [...missing.map((value) => ({ value, name: null, count: 0 })), ...buckets];
  const max = Math.max(1, ...rows.map((row) => row.count));
  const label = fieldLabel(field);
  const hidden = facet.valueCount - facet.buckets.length;
  return (
    <fieldset className="facet">
      <legend>{label}</legend>
      {isAll && (
        <input
          type="text"
          className="input small"
          aria-label={t.search.find(label)}
          placeholder={t.search.find(label)}
          value={startsWith}
          onChange={(event) => setStartsWith(event.target.value)}
        />
      )}
      {rows.map((row) => (
        <label key={row.value} className="facet-value">
          {(isFilter || chosen.includes(row.value)) && (
            <input
              type="checkbox"
              checked={chosen.includes(row.value)}
              onChange={() => onChange(toggle(state, field, row.value))}
            />
          )}
          <span className="facet-name" dir="auto" title={row.name ?? row.value}>
            {row.name ?? row.value}
          </span>
          <span className="facet-count muted">{count(row.count)}</span>
          <span className="facet-bar" aria-hidden="true" style={{ width: `${(100 * row.count) / max}%` }} />
        </label>
      ))}
      {(hidden > 0 || isAll) && (
        <button type="button" className="link" aria-expanded={isAll} onClick={() => setIsAll(!isAll)}>
          {isAll ? t.search.fewerValues : t.search.moreValues(hidden)}
        </button>
      )}
    </fieldset>
  );
}

function Published({ state, onChange }: Pick<ValuesProps, "state" | "onChange">) {
  const range = state.ranges.get(PUBLISHED) ?? ALL_VALUES;
  return (
    <fieldset className="facet">
      <legend>{t.search.fields.published}</legend>
      <RangeFields type="date" range={range} onRange={(range) => onChange(withRange(state, PUBLISHED, range))} />
    </fieldset>
  );
}
