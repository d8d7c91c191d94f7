import { skipToken, useQuery } from "@apollo/client/react";
import { HistogramDocument, RangeDocument, type DocumentFilter } from "../gql/graphql";
import { formatDecimal } from "../format";
import { t } from "../strings";
import { fieldLabel } from "./facets";
import { RangeFields } from "./range-fields";
import { attributeField, type Range } from "./state";

const BARS = 20;

interface HistogramProps {
  attribute: string;
  query: string;
  filter: DocumentFilter;
  range: Range;
  onRange: (range: Range) => void;
}

/** The numbers of an attribute as a histogram, whose bars and fields choose a range. */
export function Histogram({ attribute, query, filter, range, onRange }: HistogramProps) {
  const bounds = useQuery(RangeDocument, { variables: { attribute }, fetchPolicy: "cache-first" });
  const stats = bounds.data?.search?.facets?.[0]?.stats;
  const [min, max] = [Number(stats?.min), Number(stats?.max)];
  const interval = niceInterval((max - min) / BARS);
  const variables = { query, filter, attribute, interval };
  const response = useQuery(HistogramDocument, stats ? { variables, fetchPolicy: "no-cache" } : skipToken);
  const buckets = (response.data ?? response.previousData)?.search?.facets?.[0]?.buckets ?? [];
  if (!stats) return null;

  const counts = new Map(buckets.map((bucket) => [Number(bucket?.from), bucket?.count ?? 0]));
  const first = Math.floor(min / interval) * interval;
  const bars = Array.from({ length: Math.floor((max - first) / interval) + 1 }, (_, at) => {
    const from = round(first + at * interval);
    return { from, to: round(from + interval), count: counts.get(from) ?? 0 };
  });
  const isIn = ({ from, to }: { from: number; to: number }) =>
    (range.from === "" || to > Number(range.from)) &&
    (range.to === "" || from <= Number(range.to)) &&
    (range.before === "" || from < Number(range.before));
  const label = fieldLabel(attributeField(attribute));
  return (
    <fieldset className="facet">
      <legend>{label}</legend>
      <Bars
        label={t.search.histogram(label)}
        bars={bars.map((bar) => ({
          id: String(bar.from),
          label: t.search.bar(formatDecimal(bar.from), formatDecimal(bar.to), bar.count),
          count: bar.count,
          isIn: isIn(bar),
          range: { from: String(bar.from), to: "", before: String(bar.to) },
        }))}
        onRange={onRange}
      />
      <RangeFields
        type="number"
        range={range}
        hints={{ from: formatDecimal(min), to: formatDecimal(max) }}
        onRange={onRange}
      />
    </fieldset>
  );
}

interface Bar {
  id: string;
  label: string;
  count: number;
  /** True if its documents are within the chosen range. */
  isIn: boolean;
  range: Range;
}

/** The bars of a histogram, each of which chooses its range. */
export function Bars({ label, bars, onRange }: { label: string; bars: readonly Bar[]; onRange: (range: Range) => void }) {
  const highest = Math.max(1, ...bars.map((bar) => bar.count));
  return (
    <div className="histogram" role="group" aria-label={label}>
      {bars.map((bar) => (
        <button
          key={bar.id}
          type="button"
          className={bar.isIn ? "bar in" : "bar"}
          // The fields beside it are the way for keyboards; twenty more stops would be in the way.
          tabIndex={-1}
          aria-label={bar.label}
          title={bar.label}
          onClick={() => onRange(bar.range)}
        >
          <span style={{ height: `${bar.count === 0 ? 0 : Math.max(4, (100 * bar.count) / highest)}%` }} />
        </button>
      ))}
    </div>
  );
}

const round = (value: number) => Number(value.toPrecision(12));

/** The next interval of 1, 2 or 5 times a power of ten. */
function niceInterval(raw: number): number {
  if (!(raw > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  return round((([1, 2, 5, 10] as const).find((factor) => factor * power >= raw) ?? 10) * power);
}
