use super::Timestamp;

/// The time that a report is about: half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// What happened then or later.
    pub from: Timestamp,
    /// What happened earlier than this; `None`: everything up to the latest.
    pub before: Option<Timestamp>,
}
