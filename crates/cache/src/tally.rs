//! How often answers of one kind came from where.

use super::aside::{Answered, Outcome};
use quarry_runtime::figures::Count;

/// Counts answers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    hits: Count,
    misses: Count,
    stale: Count,
    bypasses: Count,
    failed: Count,
    without_cache: Count,
}

/// How often answers of one kind came from where, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// [`Outcome::Hit`].
    pub hits: u64,
    /// [`Outcome::Miss`].
    pub misses: u64,
    /// [`Outcome::Stale`].
    pub stale: u64,
    /// [`Outcome::Bypass`].
    pub bypasses: u64,
    /// There was no answer.
    pub failed: u64,
    /// The cache should have had a part in the answer, and did not work.
    pub without_cache: u64,
}

impl Tally {
    pub(super) fn note<T, E>(&self, answered: &Result<Answered<T>, E>) {
        let Ok(answered) = answered else { return self.failed.one() };
        match answered.outcome {
            Outcome::Hit => self.hits.one(),
            Outcome::Miss => self.misses.one(),
            Outcome::Stale => self.stale.one(),
            Outcome::Bypass => self.bypasses.one(),
        }
        if answered.warning.is_some() {
            self.without_cache.one();
        }
    }

    pub(super) fn figures(&self) -> CacheFigures {
        CacheFigures {
            hits: self.hits.get(),
            misses: self.misses.get(),
            stale: self.stale.get(),
            bypasses: self.bypasses.get(),
            failed: self.failed.get(),
            without_cache: self.without_cache.get(),
        }
    }
}
