import { t } from "../strings";
import type { Range } from "./state";

/** The fields of a range of days. */
export function DateFields({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  const input = (bound: "from" | "to") => (
    <label className="field">
      <span>{t.search[bound]}</span>
      <input
        type="date"
        className="input small"
        value={range[bound]}
        onChange={(event) => onRange({ ...range, [bound]: event.target.value })}
      />
    </label>
  );
  return (
    <div className="range dates">
      {input("from")}
      {input("to")}
    </div>
  );
}
