//! Epochs: the time between two clears, as one process knows it.

use super::CacheGeneration;

/// The clears that precede a value. Values of one epoch are not returned in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Epoch {
    /// Clears of this process's own state.
    pub(super) local_clears: u64,
    /// The generation of the cache; the last known one while the cache is unavailable.
    pub(super) generation: Option<CacheGeneration>,
}

/// The last two generations that lookups returned.
#[derive(Clone, Copy, Default)]
pub(super) struct ObservedGenerations {
    pub(super) current: Option<CacheGeneration>,
    previous: Option<CacheGeneration>,
}

impl ObservedGenerations {
    pub(super) fn observe(&mut self, generation: CacheGeneration) {
        // A slow lookup may return the previous generation after a faster one returned the current.
        if self.previous != Some(generation) && self.current != Some(generation) {
            *self = Self { current: Some(generation), previous: self.current };
        }
    }
}
