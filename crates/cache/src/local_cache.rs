//! The cache of one process, lost on restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::bounded_map::BoundedMap;
use super::{Cache, CacheError, CacheGeneration, CacheLimits, CacheLookup, LockToken};

/// An in-process cache that evicts the least used entries.
pub struct LocalCache {
    entries: BoundedMap<CacheGeneration>,
    /// Read-locked during a put: no entry of an old generation may follow a clear.
    generation: RwLock<CacheGeneration>,
    leases: Mutex<HashMap<String, LockLease>>,
    limits: CacheLimits,
}

struct LockLease {
    token: LockToken,
    expires_at: Instant,
}

impl LocalCache {
    /// Creates an empty cache.
    pub fn new(limits: CacheLimits) -> Self {
        Self {
            entries: BoundedMap::new(limits.bytes),
            generation: RwLock::new(CacheGeneration::new()),
            leases: Mutex::default(),
            limits,
        }
    }

    fn generation(&self) -> CacheGeneration {
        *self.generation.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the map of unexpired leases.
    fn leases(&self) -> MutexGuard<'_, HashMap<String, LockLease>> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        leases.retain(|_, lease| lease.expires_at > now);
        leases
    }
}

#[async_trait]
impl Cache for LocalCache {
    fn is_shared(&self) -> bool {
        false
    }

    async fn get(&self, key: &str) -> Result<CacheLookup, CacheError> {
        let generation = self.generation();
        Ok(CacheLookup { generation, value: self.entries.get(key, generation) })
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: CacheGeneration,
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        let current = self.generation.read().unwrap_or_else(PoisonError::into_inner);
        if *current != generation {
            return Ok(false);
        }
        let is_admitted = self.limits.admits(key, &value);
        if is_admitted {
            self.entries.put(key, generation, value, ttl);
        } else {
            self.entries.remove(key);
        }
        Ok(is_admitted)
    }

    async fn clear(&self) -> Result<(), CacheError> {
        let mut generation = self.generation.write().unwrap_or_else(PoisonError::into_inner);
        *generation = CacheGeneration::new();
        self.entries.clear();
        Ok(())
    }

    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError> {
        let mut leases = self.leases();
        if leases.contains_key(key) {
            return Ok(None);
        }
        let token = LockToken::new();
        leases.insert(key.to_owned(), LockLease { token, expires_at: Instant::now() + lease });
        Ok(Some(token))
    }

    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError> {
        let mut leases = self.leases();
        if leases.get(key).is_some_and(|lease| lease.token == token) {
            leases.remove(key);
        }
        Ok(())
    }
}
