import { useMemo, useState } from "react";
import type { Interval, Period } from "../gql/graphql";

export const PERIODS = ["24h", "7d", "30d", "90d", "365d"] as const;
export type PeriodName = (typeof PERIODS)[number];
const HOURS: Record<PeriodName, number> = { "24h": 24, "7d": 168, "30d": 720, "90d": 2_160, "365d": 8_760 };
export const DEFAULT_PERIOD: PeriodName = "7d";

export const isPeriod = (value: string | null): value is PeriodName => PERIODS.some((name) => name === value);

/** The intervals that give a readable number of bars. */
export const INTERVALS: Record<PeriodName, readonly Interval[]> = {
  "24h": ["HOUR"],
  "7d": ["DAY", "HOUR"],
  "30d": ["DAY", "WEEK"],
  "90d": ["DAY", "WEEK", "MONTH"],
  "365d": ["WEEK", "MONTH"],
};

/** A period that ends now. It moves when it is refreshed only, so that its reports stay those on the screen. */
export function usePeriod(name: PeriodName): { period: Period; refresh: () => void; isRefreshed: boolean } {
  const [at, setAt] = useState({ time: Date.now(), isRefreshed: false });
  const period = useMemo(() => ({ from: new Date(at.time - HOURS[name] * 3_600_000).toISOString() }), [name, at]);
  return { period, refresh: () => setAt({ time: Date.now(), isRefreshed: true }), isRefreshed: at.isRefreshed };
}
