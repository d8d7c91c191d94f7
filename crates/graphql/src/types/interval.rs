use async_graphql::Enum;

/// How long the steps of a report over time are, by the calendar of its time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_report::CalendarInterval")]
pub(crate) enum Interval {
    /// One hour.
    Hour,
    /// One day, from midnight: 23 or 25 hours where the clocks change.
    #[default]
    Day,
    /// One week, from Monday.
    Week,
    /// One month, from its first day.
    Month,
}
