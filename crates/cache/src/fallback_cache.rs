//! The last good values of this process, for when store and cache are both unavailable.

use std::time::Duration;

use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Entries;

use super::CacheLimits;
use super::epoch::Epoch;

/// Encoded values by key, each with its epoch.
pub(super) struct FallbackCache(Entries<String, (Epoch, Bytes)>);

impl FallbackCache {
    pub(super) fn new(bytes: u64, ttl: Duration) -> Self {
        let weigh = |key: &String, (_, value): &(Epoch, Bytes)| {
            u32::try_from(CacheLimits::weight(key, value)).unwrap_or(u32::MAX)
        };
        let entries = Entries::builder()
            .max_capacity(bytes)
            .weigher(weigh)
            .time_to_live(ttl)
            .eviction_policy(EvictionPolicy::lru());
        Self(entries.build())
    }

    pub(super) fn put(&self, key: &str, epoch: Epoch, value: &Bytes) {
        // Every hit calls this: writing only what changed keeps hits cheap.
        let is_unchanged = |(its_epoch, known): (Epoch, Bytes)| its_epoch == epoch && known == *value;
        if !self.0.get(key).is_some_and(is_unchanged) {
            self.0.insert(key.to_owned(), (epoch, value.clone()));
        }
    }

    /// Returns the last value of this epoch.
    pub(super) fn get(&self, key: &str, epoch: Epoch) -> Option<Bytes> {
        self.0.get(key).filter(|(its_epoch, _)| *its_epoch == epoch).map(|(_, value)| value)
    }

    pub(super) fn clear(&self) {
        self.0.invalidate_all();
        self.0.run_pending_tasks();
    }
}
