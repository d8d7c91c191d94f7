// The state of the search page, which its address holds.
import type { AttributeFilter, AttributeType, DocumentFilter, SearchOrder, SearchSort } from "../gql/graphql";
import { href, navigate, useLocation } from "../router";
import { useEffect, useMemo, useRef } from "react";
import { dayBeside, isDay } from "./calendar";

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
  /** The chosen ranges by field: `published`, the date of publication, or an attribute with `@` before its name. */
  ranges: ReadonlyMap<string, Range>;
  /** RELEVANCE, NEWEST, OLDEST, or an attribute with `+` or `-` before its name. */
  order: string;
  page: number;
  typoTolerance: boolean;
}

/** The bounds of a range; empty without one. */
export interface Range {
  from: string;
  /** The last value. */
  to: string;
  /** The first value after those of the range: intervals of histograms end before the next one. */
  before: string;
}

export const ALL_VALUES: Range = { from: "", to: "", before: "" };

export const FIELDS = ["source", "category", "authorKey"] as const;
export const PUBLISHED = "published";
export const attributeField = (name: string) => `@${name}`;

const BOUNDS: Readonly<Record<string, keyof Range>> = { ">": "from", "<": "to", "<<": "before" };
const SYMBOLS: Readonly<Record<keyof Range, string>> = { from: ">", to: "<", before: "<<" };
const isNumber = (value: string) => value.trim() !== "" && Number.isFinite(Number(value));

/** The state of an address. People edit addresses: what no field of the page can produce is left out. */
export function parse(params: URLSearchParams): SearchState {
  const values = new Map<string, string[]>();
  const ranges = new Map<string, Range>();
  for (const [name, value] of params) {
    if (FIELDS.some((field) => field === name) || name.startsWith("@")) {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
    const [, symbol = "", field = ""] = /^(>|<<?)(published|@.+)$/.exec(name) ?? [];
    const bound = BOUNDS[symbol];
    if (bound && (isDay(value) || (field !== PUBLISHED && isNumber(value)))) {
      ranges.set(field, { ...(ranges.get(field) ?? ALL_VALUES), [bound]: value });
    }
  }
  const page = Number(params.get("page") ?? "1");
  return {
    text: params.get("q") ?? "",
    values,
    ranges,
    order: params.get("order") ?? "RELEVANCE",
    page: Number.isInteger(page) && page > 0 ? Math.min(page, MAX_DOCUMENTS / PAGE_SIZE) : 1,
    typoTolerance: params.get("typos") !== "no",
  };
}

export function format(state: SearchState): URLSearchParams {
  const params = new URLSearchParams();
  if (state.text !== "") params.set("q", state.text);
  for (const [field, chosen] of state.values) for (const value of chosen) params.append(field, value);
  for (const [field, range] of state.ranges) {
    for (const bound of ["from", "to", "before"] as const) {
      if (range[bound] !== "") params.set(SYMBOLS[bound] + field, range[bound]);
    }
  }
  if (state.order !== "RELEVANCE") params.set("order", state.order);
  if (state.page !== 1) params.set("page", String(state.page));
  if (!state.typoTolerance) params.set("typos", "no");
  return params;
}

/** Leaves out what the types of attributes do not permit. */
function suited(state: SearchState, declared: readonly Declared[]): SearchState {
  const [values, ranges] = [new Map(state.values), new Map(state.ranges)];
  for (const { name, type } of declared) {
    const field = attributeField(name);
    const chosen = values.get(field)?.filter((value) => type !== "BOOLEAN" || value === "true" || value === "false");
    if (chosen?.length) values.set(field, chosen);
    else values.delete(field);
    const isSuited = type === "NUMBER" ? isNumber : type === "DATE" ? isDay : () => false;
    const range = ranges.get(field);
    if (range && !Object.values(range).every((bound) => bound === "" || isSuited(bound))) ranges.delete(field);
  }
  return { ...state, values, ranges };
}

interface SearchControl {
  state: SearchState;
  /** Changes the search. Every change but another page shows the first one. */
  change: (part: Partial<SearchState>, replace?: boolean) => void;
  /** Changes the text while it is typed. */
  type: (text: string) => void;
  /** Submits a text, which stays in the history. */
  submit: (text: string) => void;
}

export function useSearchState(declared: readonly Declared[]): SearchControl {
  const { params } = useLocation();
  const query = params.toString();
  const state = useMemo(() => suited(parse(new URLSearchParams(query)), declared), [query, declared]);
  // Keystrokes replace each other in the history, but not the search before them.
  const isTyping = useRef(false);
  useEffect(() => {
    const end = () => (isTyping.current = false);
    addEventListener("popstate", end);
    return () => removeEventListener("popstate", end);
  }, []);
  const go = (part: Partial<SearchState>, replace: boolean) =>
    navigate(href("search", format({ ...state, page: 1, ...part })), { replace });
  const change = (part: Partial<SearchState>, replace = false) => {
    isTyping.current = false;
    go(part, replace);
  };
  const type = (text: string) => {
    go({ text }, isTyping.current);
    isTyping.current = true;
  };
  const submit = (text: string) => {
    if (text !== state.text) go({ text }, isTyping.current);
    isTyping.current = false;
  };
  return { state, change, type, submit };
}

const isEmpty = (range: Range) => Object.values(range).every((bound) => bound === "");

export function toggle(state: SearchState, field: string, value: string): Pick<SearchState, "values"> {
  const values = new Map(state.values);
  const chosen = values.get(field) ?? [];
  const next = chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value];
  if (next.length === 0) values.delete(field);
  else values.set(field, next);
  return { values };
}

export function withRange(state: SearchState, field: string, range: Range): Pick<SearchState, "ranges"> {
  const ranges = new Map(state.ranges);
  if (isEmpty(range)) ranges.delete(field);
  else ranges.set(field, range);
  return { ranges };
}

export const isFiltered = (state: SearchState) => state.values.size > 0 || state.ranges.size > 0;

/** The attributes that filters name. */
const filteredAttributes = (state: SearchState) =>
  [...new Set([...state.values.keys(), ...state.ranges.keys()])].filter((field) => field.startsWith("@")).map((field) => field.slice(1));

/** True if the filter depends on declarations of attributes. */
export const hasAttributeFilter = (state: SearchState) => filteredAttributes(state).length > 0;

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
  // The server reports names that no source declares.
  for (const name of filteredAttributes(state)) {
    const type = declared.find((attribute) => attribute.name === name)?.type;
    const chosen = state.values.get(attributeField(name));
    if (chosen) attributes.push({ name, in: chosen.map((value) => (type === "BOOLEAN" ? value === "true" : value)) });
    const range = state.ranges.get(attributeField(name));
    if (range) attributes.push({ name, ...(type === "NUMBER" ? numbersOf(range) : daysOf(range)) });
  }
  if (attributes.length > 0) filter.attributes = attributes;
  return filter;
}

const numbersOf = ({ from, to, before }: Range) => ({
  ...(from && { gte: Number(from) }),
  ...(to && { lte: Number(to) }),
  ...(before && { lt: Number(before) }),
});

/** Dates are days, of which the last one counts as a whole. */
const daysOf = ({ from, to, before }: Range) => ({
  ...(from && { gte: from }),
  ...(to ? { lt: dayBeside(to, 1) } : before && { lt: before }),
});

/** Midnight of a day of the viewer, in UTC. */
function startOfDay(day: string, later: number): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  const start = new Date(0);
  start.setHours(0, 0, 0, 0);
  // Unlike the constructor, this takes years before 100 as they are.
  start.setFullYear(year, month - 1, date + later);
  return start.toISOString();
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
