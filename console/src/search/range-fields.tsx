import { useEffect, useRef, useState } from "react";
import { t } from "../strings";
import { MAX_DAY, MIN_DAY } from "./calendar";
import type { Range } from "./state";

interface RangeFieldsProps {
  type: "number" | "date";
  range: Range;
  /** The least and the greatest value. */
  hints?: Readonly<Record<"from" | "to", string>>;
  onRange: (range: Range) => void;
}

/** The fields of a range, which apply once they are left, with Enter, or when a day is picked. */
export function RangeFields({ type, range, hints, onRange }: RangeFieldsProps) {
  const shown = { from: range.from, to: range.to || range.before };
  const [typed, setTyped] = useState(shown);
  useEffect(() => setTyped(shown), [shown.from, shown.to]);
  // While a year is typed, the field has the years 2, 20 and 202.
  const isTyping = useRef(false);
  const apply = (next: typeof typed) => {
    isTyping.current = false;
    if (next.from === shown.from && next.to === shown.to) return;
    const isSameEnd = next.to === shown.to;
    onRange({ from: next.from, to: isSameEnd ? range.to : next.to, before: isSameEnd ? range.before : "" });
  };
  const field = (bound: "from" | "to") => (
    <label className="field">
      <span>{t.search[bound]}</span>
      <input
        type={type}
        step={type === "number" ? "any" : undefined}
        min={type === "date" ? MIN_DAY : undefined}
        max={type === "date" ? MAX_DAY : undefined}
        className="input small"
        placeholder={hints?.[bound]}
        value={typed[bound]}
        onChange={({ target }) => {
          const next = { ...typed, [bound]: target.value };
          setTyped(next);
          if (type === "date" && !isTyping.current && target.validity.valid) apply(next);
        }}
        onBlur={({ target }) => target.validity.valid && apply(typed)}
        onKeyDown={({ key, currentTarget }) => {
          if (key !== "Enter") isTyping.current = true;
          else if (currentTarget.validity.valid) apply(typed);
        }}
      />
    </label>
  );
  return (
    <div className={type === "date" ? "range dates" : "range"}>
      {field("from")}
      {field("to")}
    </div>
  );
}
