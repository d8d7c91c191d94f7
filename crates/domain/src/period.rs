use super::Timestamp;

/// The time that a report is about: half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// What happened then or later.
    pub from: Timestamp,
    /// What happened earlier than this; `None`: everything up to the latest.
    pub before: Option<Timestamp>,
}

impl Period {
    /// Its end, or a point in time before that.
    pub fn end_by(self, at: Timestamp) -> Timestamp {
        self.before.map_or(at, |before| before.min(at))
    }
}
