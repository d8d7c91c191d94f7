//! The cache of one process: gone with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Entries;

use super::{Cache, CacheError, CacheLimits, Generation, LockToken, Lookup};

/// Keeps bytes in this process. What was used longest ago makes room.
pub struct LocalCache {
    entries: Entries<String, Entry>,
    /// Held while an entry is written, so that none of an old generation comes after the new one began.
    generation: RwLock<Generation>,
    locks: Mutex<HashMap<String, Lock>>,
    limits: CacheLimits,
}

#[derive(Clone)]
struct Entry {
    generation: Generation,
    value: Bytes,
    keep: Duration,
}

struct Lock {
    token: LockToken,
    ends: Instant,
}

impl LocalCache {
    /// An empty cache.
    pub fn new(limits: CacheLimits) -> Self {
        let weigh = |key: &String, entry: &Entry| {
            u32::try_from(CacheLimits::weight(key, &entry.value)).unwrap_or(u32::MAX)
        };
        let entries = Entries::builder()
            .max_capacity(limits.bytes)
            .weigher(weigh)
            .expire_after(EntryTtl)
            // The default refuses what was not asked for often: here whatever is new is in use.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { entries, generation: RwLock::new(Generation::new()), locks: Mutex::default(), limits }
    }

    fn generation(&self) -> Generation {
        *self.generation.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The locks whose lease has not ended.
    fn locks(&self) -> MutexGuard<'_, HashMap<String, Lock>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        locks.retain(|_, lock| lock.ends > now);
        locks
    }
}

#[async_trait]
impl Cache for LocalCache {
    fn is_shared(&self) -> bool {
        false
    }

    async fn get(&self, key: &str) -> Result<Lookup, CacheError> {
        let generation = self.generation();
        let entry = self.entries.get(key).filter(|entry| entry.generation == generation);
        Ok(Lookup { generation, value: entry.map(|entry| entry.value) })
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: Generation,
        keep: Duration,
    ) -> Result<bool, CacheError> {
        let current = self.generation.read().unwrap_or_else(PoisonError::into_inner);
        if *current != generation {
            return Ok(false);
        }
        let is_kept = self.limits.admits(key, &value);
        if is_kept {
            self.entries.insert(key.to_owned(), Entry { generation, value, keep });
        } else {
            self.entries.invalidate(key);
        }
        // Otherwise room is made some time later, and what makes room stays in memory until then.
        self.entries.run_pending_tasks();
        Ok(is_kept)
    }

    async fn clear(&self) -> Result<(), CacheError> {
        let mut generation = self.generation.write().unwrap_or_else(PoisonError::into_inner);
        *generation = Generation::new();
        self.entries.invalidate_all();
        self.entries.run_pending_tasks();
        Ok(())
    }

    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError> {
        let mut locks = self.locks();
        if locks.contains_key(key) {
            return Ok(None);
        }
        let token = LockToken::new();
        locks.insert(key.to_owned(), Lock { token, ends: Instant::now() + lease });
        Ok(Some(token))
    }

    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError> {
        let mut locks = self.locks();
        if locks.get(key).is_some_and(|lock| lock.token == token) {
            locks.remove(key);
        }
        Ok(())
    }
}

/// Each entry says how long it is kept.
struct EntryTtl;

impl Expiry<String, Entry> for EntryTtl {
    fn expire_after_create(&self, _key: &String, entry: &Entry, _now: Instant) -> Option<Duration> {
        Some(entry.keep)
    }

    fn expire_after_update(
        &self,
        _key: &String,
        entry: &Entry,
        _now: Instant,
        _left: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.keep)
    }
}
