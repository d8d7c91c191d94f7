import { CloseIcon } from "../components/icons";
import { t } from "../strings";
import { ALL_VALUES, attributeField, toggle, withRange, type Range, type SearchState } from "./state";
import { fieldLabel, type FacetData } from "./facets";

interface ChipListProps {
  state: SearchState;
  facets: readonly FacetData[];
  onChange: (change: Partial<SearchState>) => void;
}

/** The active filters, each with a button that removes it. */
export function ChipList({ state, facets, onChange }: ChipListProps) {
  const chips: { id: string; label: string; remove: () => void }[] = [];
  for (const [field, values] of state.values) {
    for (const value of values) {
      const facet = facets.find((facet) => facet.field === field || attributeField(facet.field) === field);
      const name = facet?.buckets.find((bucket) => bucket.value === value)?.name ?? value;
      chips.push({
        id: `${field}=${value}`,
        label: `${fieldLabel(field)}: ${name}`,
        remove: () => onChange(toggle(state, field, value)),
      });
    }
  }
  for (const [field, range] of state.ranges) {
    chips.push({
      id: field,
      label: `${fieldLabel(field)}: ${rangeLabel(range)}`,
      remove: () => onChange(withRange(state, field, ALL_VALUES)),
    });
  }
  if (chips.length === 0) return null;
  return (
    <ul className="chips">
      {chips.map(({ id, label, remove }) => (
        <li key={id}>
          <button type="button" className="chip" aria-label={t.common.remove(label)} onClick={remove}>
            <bdi>{label}</bdi>
            <CloseIcon />
          </button>
        </li>
      ))}
      <li>
        <button type="button" className="link" onClick={() => onChange({ values: new Map(), ranges: new Map() })}>
          {t.search.clearFilters}
        </button>
      </li>
    </ul>
  );
}

function rangeLabel({ from, to, before }: Range): string {
  if (from && to && !before) return `${from} – ${to}`;
  return [from && `≥ ${from}`, to && `≤ ${to}`, before && `< ${before}`].filter(Boolean).join(", ");
}
