use std::fmt;

/// The position of a change in the total order of document changes.
///
/// Revisions come from a counter row that is locked in the writing transaction,
/// so commit order is revision order. `Revision::ZERO` is before the first change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(i64);

impl Revision {
    /// The revision before the first change.
    pub const ZERO: Revision = Revision(0);

    /// Wraps a stored revision.
    pub const fn new(value: i64) -> Revision {
        Revision(value)
    }

    /// The stored number.
    pub const fn value(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
