//! The last good answers of this process: for when store and cache are both away.

use std::time::Duration;

use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Entries;

use super::{CacheLimits, Generation};

/// Between which clearings something happened, as far as this process knows: what was made in one
/// era is not shown in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Epoch {
    /// How often this process has forgotten all.
    pub(super) forgotten: u64,
    /// The generation of the cache: the last that was seen, where it does not answer.
    pub(super) generation: Option<Generation>,
}

/// Remembers written answers, by key.
pub(super) struct FallbackCache(Entries<String, (Epoch, Bytes)>);

impl FallbackCache {
    /// An empty memory of so many bytes, in which each answer is kept so long.
    pub(super) fn new(bytes: u64, keep: Duration) -> Self {
        let weigh = |key: &String, (_, answer): &(Epoch, Bytes)| {
            u32::try_from(CacheLimits::weight(key, answer)).unwrap_or(u32::MAX)
        };
        let entries = Entries::builder()
            .max_capacity(bytes)
            .weigher(weigh)
            .time_to_live(keep)
            .eviction_policy(EvictionPolicy::lru());
        Self(entries.build())
    }

    /// Remembers an answer that was made, or found, in an era.
    pub(super) fn put(&self, key: &str, epoch: Epoch, answer: &Bytes) {
        // An answer that is found again and again is written down once.
        let is_known = |(known_era, known): (Epoch, Bytes)| known_era == epoch && known == *answer;
        if !self.0.get(key).is_some_and(is_known) {
            self.0.insert(key.to_owned(), (epoch, answer.clone()));
        }
    }

    /// The last answer of this era.
    pub(super) fn get(&self, key: &str, epoch: Epoch) -> Option<Bytes> {
        self.0.get(key).filter(|(made, _)| *made == epoch).map(|(_, answer)| answer)
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.0.invalidate_all();
        self.0.run_pending_tasks();
    }
}
