import { useEffect, useRef, useState } from "react";
import { formatMs } from "../format";
import type { SearchQueryVariables } from "../gql/graphql";
import { t } from "../strings";

interface TimingProps {
  variables: SearchQueryVariables;
  engineMs: number;
  isLoading: boolean;
  searchId: string;
}

/** The time in the engine, and that from a change of the variables until its results were rendered. */
export function Timing({ variables, engineMs, isLoading, searchId }: TimingProps) {
  const started = useRef(performance.now());
  const key = JSON.stringify(variables);
  const latest = useRef("");
  if (latest.current !== key) {
    latest.current = key;
    started.current = performance.now();
  }
  const [shown, setShown] = useState<number | null>(null);
  useEffect(() => {
    if (isLoading) return;
    setShown(performance.now() - started.current);
    // For the browser's profiler, and scripts/measure.mjs.
    performance.mark("quarry:results");
  }, [isLoading, searchId]);
  const times = [formatMs(engineMs), shown === null ? "…" : formatMs(shown)] as const;
  return (
    <span className="muted timing" title={t.search.timing(...times)}>
      {t.search.timingShort(...times)}
    </span>
  );
}
