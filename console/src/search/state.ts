// The state of the search page, which its address holds.
import type { AttributeFilter, AttributeType, DocumentFilter, SearchOrder, SearchSort } from "../gql/graphql";
import { href, navigate, useLocation } from "../router";
import { useMemo } from "react";
import { dayBeside } from "./calendar";

export const PAGE_SIZE = 10;
/** The server numbers pages up to this document. */
export const MAX_DOCUMENTS = 10_000;

/** A declared attribute, of any source. */
export interface Declared {
  name: string;
  type: AttributeType;
  isFacet: boolean;
  isFilter: boolean;
  isSort: boolean;
}

export interface SearchState {
  text: string;
  /** The chosen values by field: `source`, `category`, `authorKey`, or an attribute with `@` before its name. */
  values: ReadonlyMap<string, readonly string[]>;
  /** The chosen ranges by attribute, or `published` for the date of publication. */
  ranges: ReadonlyMap<string, Range>;
  /** RELEVANCE, NEWEST, OLDEST, or an attribute with `+` or `-` before its name. */
  order: string;
  page: number;
  typoTolerance: boolean;
}

export interface Range {
  from: string;
  to: string;
}

export const FIELDS = ["source", "category", "authorKey"] as const;
export const PUBLISHED = "published";
export const attributeField = (name: string) => `@${name}`;

export function parse(params: URLSearchParams): SearchState {
  const values = new Map<string, string[]>();
  const ranges = new Map<string, Range>();
  for (const [name, value] of params) {
    if (FIELDS.some((field) => field === name) || name.startsWith("@")) {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
    const [bound, attribute] = [name.slice(0, 1), name.slice(1)];
    if ((bound === "<" || bound === ">") && value !== "") {
      const range = ranges.get(attribute) ?? { from: "", to: "" };
      ranges.set(attribute, bound === ">" ? { ...range, from: value } : { ...range, to: value });
    }
  }
  const page = Number(params.get("page") ?? "1");
  return {
    text: params.get("q") ?? "",
    values,
    ranges,
    order: params.get("order") ?? "RELEVANCE",
    page: Number.isInteger(page) && page > 0 ? page : 1,
    typoTolerance: params.get("typos") !== "no",
  };
}

export function format(state: SearchState): URLSearchParams {
  const params = new URLSearchParams();
  if (state.text !== "") params.set("q", state.text);
  for (const [field, chosen] of state.values) for (const value of chosen) params.append(field, value);
  for (const [name, { from, to }] of state.ranges) {
    if (from !== "") params.set(`>${name}`, from);
    if (to !== "") params.set(`<${name}`, to);
  }
  if (state.order !== "RELEVANCE") params.set("order", state.order);
  if (state.page !== 1) params.set("page", String(state.page));
  if (!state.typoTolerance) params.set("typos", "no");
  return params;
}

export function useSearchState(): [SearchState, (change: Partial<SearchState>, replace?: boolean) => void] {
  const { params } = useLocation();
  const query = params.toString();
  const state = useMemo(() => parse(new URLSearchParams(query)), [query]);
  const change = (part: Partial<SearchState>, replace = false) => {
    // Every change but another page shows the first one.
    const next = { ...state, page: 1, ...part };
    navigate(href("search", format(next)), { replace });
  };
  return [state, change];
}

export function toggle(state: SearchState, field: string, value: string): Pick<SearchState, "values"> {
  const values = new Map(state.values);
  const chosen = values.get(field) ?? [];
  const next = chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value];
  if (next.length === 0) values.delete(field);
  else values.set(field, next);
  return { values };
}

export function withRange(state: SearchState, name: string, range: Range): Pick<SearchState, "ranges"> {
  const ranges = new Map(state.ranges);
  if (range.from === "" && range.to === "") ranges.delete(name);
  else ranges.set(name, range);
  return { ranges };
}

export const isFiltered = (state: SearchState) => state.values.size > 0 || state.ranges.size > 0;

export function filterOf(state: SearchState, declared: readonly Declared[]): DocumentFilter {
  const filter: DocumentFilter = {};
  for (const field of FIELDS) {
    const chosen = state.values.get(field);
    if (chosen) filter[field] = [...chosen];
  }
  const published = state.ranges.get(PUBLISHED);
  if (published?.from) filter.publishedFrom = startOfDay(published.from, 0);
  // The whole of the last day counts.
  if (published?.to) filter.publishedBefore = startOfDay(published.to, 1);
  const attributes: AttributeFilter[] = [];
  for (const { name, type } of declared) {
    const chosen = state.values.get(attributeField(name));
    if (chosen) attributes.push({ name, in: chosen.map((value) => (type === "BOOLEAN" ? value === "true" : value)) });
    const range = state.ranges.get(name);
    if (range) {
      const { from, to } = range;
      // Dates are days, of which the last one counts as a whole.
      if (type === "DATE") attributes.push({ name, ...(from && { gte: from }), ...(to && { lt: dayBeside(to, 1) }) });
      else attributes.push({ name, ...(from && { gte: Number(from) }), ...(to && { lte: Number(to) }) });
    }
  }
  if (attributes.length > 0) filter.attributes = attributes;
  return filter;
}

/** Midnight of a day of the viewer, in UTC. */
function startOfDay(day: string, later: number): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

export function orderOf(state: SearchState): { sort: SearchSort; orderBy: SearchOrder[] } {
  const { order } = state;
  if (order === "NEWEST" || order === "OLDEST") return { sort: order, orderBy: [] };
  if (order.startsWith("+") || order.startsWith("-")) {
    const direction = order.startsWith("+") ? "ASC" : "DESC";
    return { sort: "RELEVANCE", orderBy: [{ attribute: order.slice(1), direction }] };
  }
  return { sort: "RELEVANCE", orderBy: [] };
}
