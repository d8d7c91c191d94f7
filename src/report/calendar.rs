use serde::Serialize;

/// The most intervals of one report: a year by the hour.
pub(super) const MAX_BUCKETS: usize = 10_000;

/// How long the steps of a report over time are, by the calendar of its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Interval {
    /// One hour.
    Hour,
    /// One day, from midnight: 23 or 25 hours where the clocks change.
    Day,
    /// One week, from Monday.
    Week,
    /// One month, from its first day.
    Month,
}
