import { Segmented } from "../components/segmented";
import { t } from "../strings";
import { PERIODS, type PeriodName } from "./period";

const OPTIONS = PERIODS.map((name) => [name, t.periods[name]] as const);

/** A choice of the period of a page. */
export function PeriodChoice({ value, onChange }: { value: PeriodName; onChange: (period: PeriodName) => void }) {
  return <Segmented label={t.periods.label} options={OPTIONS} value={value} onChange={onChange} />;
}
