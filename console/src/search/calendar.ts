// Intervals of the calendar, in UTC as the server counts them.
import type { CalendarUnit } from "../gql/graphql";

const DAY_MS = 86_400_000;

export type Unit = "DAY" | CalendarUnit;

/** The longest span of each unit, in days: about thirty bars. */
const SPANS: readonly (readonly [Unit, number])[] = [
  ["DAY", 31],
  ["WEEK", 210],
  ["MONTH", 920],
  ["QUARTER", 2_760],
];

/** The unit for the bars of a span of time. */
export function unitOf(from: Date, to: Date): Unit {
  const days = (to.getTime() - from.getTime()) / DAY_MS;
  return SPANS.find(([, longest]) => days <= longest)?.[0] ?? "YEAR";
}

/** The day of a time, such as 2025-05-31. */
export const dayOf = (time: Date) => time.toISOString().slice(0, 10);

/** The days that fields and addresses may contain: with a time zone and the day after, they have four digits. */
export const [MIN_DAY, MAX_DAY] = ["0001-01-01", "9999-12-30"] as const;

/** True for a day of the calendar, such as 2025-05-31. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < MIN_DAY || text > MAX_DAY) return false;
  const time = new Date(text);
  // February 30 is another day, or none.
  return !Number.isNaN(time.getTime()) && dayOf(time) === text;
}

/** The start of the interval that contains a time. */
export function startOf(time: Date, unit: Unit): Date {
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()];
  switch (unit) {
    case "DAY":
      return new Date(Date.UTC(year, month, day));
    case "WEEK":
      // Weeks begin on Monday.
      return new Date(Date.UTC(year, month, day - ((time.getUTCDay() + 6) % 7)));
    case "MONTH":
      return new Date(Date.UTC(year, month, 1));
    case "QUARTER":
      return new Date(Date.UTC(year, month - (month % 3), 1));
    case "YEAR":
      return new Date(Date.UTC(year, 0, 1));
  }
}

/** The start of the next interval. */
export function nextStart(start: Date, unit: Unit): Date {
  const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()];
  switch (unit) {
    case "DAY":
      return new Date(Date.UTC(year, month, day + 1));
    case "WEEK":
      return new Date(Date.UTC(year, month, day + 7));
    case "MONTH":
      return new Date(Date.UTC(year, month + 1, 1));
    case "QUARTER":
      return new Date(Date.UTC(year, month + 3, 1));
    case "YEAR":
      return new Date(Date.UTC(year + 1, 0, 1));
  }
}

/** The day after a day, or before it. */
export const dayBeside = (day: string, days: number) => dayOf(new Date(new Date(day).getTime() + days * DAY_MS));
