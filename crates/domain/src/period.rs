use super::Timestamp;

/// The half-open time interval of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// The inclusive start.
    pub from: Timestamp,
    /// The exclusive end; `None` for an open interval.
    pub before: Option<Timestamp>,
}

impl Period {
    /// The end of the period, but at most `at`.
    pub fn end_by(self, at: Timestamp) -> Timestamp {
        self.before.map_or(at, |before| before.min(at))
    }
}
