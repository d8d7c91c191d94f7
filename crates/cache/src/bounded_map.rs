//! A map of encoded values, bounded by their bytes, with a TTL per entry.

use std::time::{Duration, Instant};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::CacheLimits;

/// The average size of an entry, from which the map estimates their number.
const AVERAGE_BYTES: u64 = 4 << 10;

/// Encoded values by key, each of a version: a generation or an epoch.
///
/// A full map admits a new entry and evicts others: first those that were not read again.
pub(super) struct BoundedMap<V>(Cache<String, Entry<V>, EntryWeighter>);

#[derive(Clone)]
struct Entry<V> {
    version: V,
    value: Bytes,
    expires_at: Instant,
}

#[derive(Clone)]
struct EntryWeighter;

impl<V> Weighter<String, Entry<V>> for EntryWeighter {
    fn weight(&self, key: &String, entry: &Entry<V>) -> u64 {
        CacheLimits::weight(key, &entry.value) as u64
    }
}

impl<V: Copy + PartialEq> BoundedMap<V> {
    pub(super) fn new(bytes: u64) -> Self {
        // One shard: each has its part of the capacity, which must hold the largest entry.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(usize::try_from(bytes / AVERAGE_BYTES).unwrap_or(usize::MAX).max(16))
            .weight_capacity(bytes)
            .build()
            .expect("both capacities are set");
        let (hash, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self(Cache::with_options(options, EntryWeighter, hash, lifecycle))
    }

    /// Returns the value of a key if it has this version.
    pub(super) fn get(&self, key: &str, version: V) -> Option<Bytes> {
        let entry = self.0.get(key)?;
        if entry.expires_at <= Instant::now() {
            // Another caller may have stored a fresh value in the meantime.
            self.0.remove_if(key, |entry| entry.expires_at <= Instant::now());
            return None;
        }
        (entry.version == version).then_some(entry.value)
    }

    /// Stores or replaces a value; one that exceeds the capacity only removes its predecessor.
    pub(super) fn put(&self, key: &str, version: V, value: Bytes, ttl: Duration) {
        let now = Instant::now();
        let expires_at = now.checked_add(ttl).unwrap_or(now + Duration::from_secs(u32::MAX.into()));
        self.0.insert(key.to_owned(), Entry { version, value, expires_at });
    }

    pub(super) fn remove(&self, key: &str) {
        self.0.remove(key);
    }

    pub(super) fn clear(&self) {
        self.0.clear();
    }
}
