use async_graphql::Enum;

/// The interval of a report over time, by the calendar of its time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_report::CalendarInterval")]
pub(crate) enum Interval {
    /// An hour.
    Hour,
    /// A day, from midnight: 23 or 25 hours when the clocks change.
    #[default]
    Day,
    /// A week, from Monday.
    Week,
    /// A month, from its first day.
    Month,
}
