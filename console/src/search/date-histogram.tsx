import { skipToken, useQuery } from "@apollo/client/react";
import { DateHistogramDocument, RangeDocument, type DocumentFilter } from "../gql/graphql";
import { t } from "../strings";
import { dayBeside, dayOf, nextStart, startOf, unitOf } from "./calendar";
import { fieldLabel } from "./facets";
import { Bars } from "./histogram";
import { RangeFields } from "./range-fields";
import { attributeField, type Range } from "./state";

/** The most bars of a histogram. */
const MAX_BARS = 100;

interface DateHistogramProps {
  attribute: string;
  query: string;
  filter: DocumentFilter;
  /** Days, both inclusive. */
  range: Range;
  onRange: (range: Range) => void;
}

/** The dates of an attribute as a histogram by the calendar, whose bars and fields choose a range of days. */
export function DateHistogram({ attribute, query, filter, range, onRange }: DateHistogramProps) {
  const bounds = useQuery(RangeDocument, { variables: { attribute }, fetchPolicy: "cache-first" });
  const stats = bounds.data?.search?.facets?.[0]?.stats;
  const [min, max] = [new Date(String(stats?.min)), new Date(String(stats?.max))];
  const isKnown = !Number.isNaN(min.getTime()) && !Number.isNaN(max.getTime());
  const unit = isKnown ? unitOf(min, max) : "DAY";
  const intervals = unit === "DAY" ? { interval: 1 } : { calendar: unit };
  const variables = { query, filter, attribute, ...intervals };
  const response = useQuery(DateHistogramDocument, isKnown ? { variables, fetchPolicy: "no-cache" } : skipToken);
  const buckets = (response.data ?? response.previousData)?.search?.facets?.[0]?.buckets ?? [];
  if (!isKnown) return null;

  const counts = new Map(buckets.map((bucket) => [dayOf(new Date(String(bucket?.from))), bucket?.count ?? 0]));
  const bars = [];
  for (let start = startOf(min, unit); start <= max && bars.length < MAX_BARS; start = nextStart(start, unit)) {
    const from = dayOf(start);
    const to = dayBeside(dayOf(nextStart(start, unit)), -1);
    const count = counts.get(from) ?? 0;
    bars.push({
      id: from,
      label: unit === "DAY" ? t.search.dayBar(from, count) : t.search.bar(from, to, count),
      count,
      isIn:
        (range.from === "" || to >= range.from) &&
        (range.to === "" || from <= range.to) &&
        (range.before === "" || from < range.before),
      range: { from, to, before: "" },
    });
  }
  const label = fieldLabel(attributeField(attribute));
  return (
    <fieldset className="facet">
      <legend>{label}</legend>
      <Bars label={t.search.histogram(label)} bars={bars} onRange={onRange} />
      <RangeFields type="date" range={range} onRange={onRange} />
    </fieldset>
  );
}
