use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::hash::Hash;
use crate::cache::{Cache, CacheError, CacheLimits, LocalCache};

/// The limits of the local cache in front of a shared one; it saves a round trip for recurring documents.
const LOCAL_LIMITS: CacheLimits = CacheLimits { bytes: 8 << 20, value_bytes: ApqCache::LIMITS.value_bytes };
/// The longest time that the local cache holds a document.
const LOCAL_TTL: Duration = Duration::from_secs(60);
/// The shortest time between two warnings of an unavailable cache.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// A cache of automatic persisted queries: documents that clients sent once with their hashes.
///
/// Losing a document is harmless: its client receives `PersistedQueryNotFound` and sends it again. The same
/// holds while the cache is unavailable.
pub struct ApqCache {
    cache: Arc<dyn Cache>,
    local: Option<LocalCache>,
    ttl: Duration,
    warned: Mutex<Option<Instant>>,
}

impl ApqCache {
    /// The limits of all documents together, and of one.
    pub const LIMITS: CacheLimits = CacheLimits { bytes: 32 << 20, value_bytes: 128 << 10 };

    /// Stores documents in `cache`, each for `ttl`.
    pub fn new(cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        let local = cache.is_shared().then(|| LocalCache::new(LOCAL_LIMITS));
        Self { cache, local, ttl, warned: Mutex::default() }
    }

    /// Returns true if this server holds the document in memory.
    pub(super) async fn contains_locally(&self, hash: Hash) -> bool {
        let local: &dyn Cache = match &self.local {
            Some(local) => local,
            None => &*self.cache,
        };
        local.get(&hash.to_hex()).await.is_ok_and(|lookup| lookup.value.is_some())
    }

    /// The document of a hash.
    pub(super) async fn get(&self, hash: Hash) -> Option<String> {
        let key = hash.to_hex();
        if let Some(local) = &self.local
            && let Ok(lookup) = local.get(&key).await
            && let Some(text) = lookup.value
        {
            return String::from_utf8(text.into()).ok();
        }
        let lookup = self.cache.get(&key).await.inspect_err(|error| self.warn(error)).ok()?;
        // Other writers of a shared cache are trusted only as far as the hash confirms them.
        let text = String::from_utf8(lookup.value?.into()).ok().filter(|text| Hash::of(text) == hash)?;
        self.put_locally(&key, &text).await;
        Some(text)
    }

    /// Stores a document.
    pub(super) async fn put(&self, hash: Hash, text: &str) {
        let key = hash.to_hex();
        let stored = async {
            let generation = self.cache.get(&key).await?.generation;
            self.cache.put(&key, Bytes::copy_from_slice(text.as_bytes()), generation, self.ttl).await
        };
        let is_stored = stored.await.unwrap_or_else(|error| {
            self.warn(&error);
            true
        });
        if is_stored {
            self.put_locally(&key, text).await;
        }
    }

    async fn put_locally(&self, key: &str, text: &str) {
        if let Some(local) = &self.local
            && let Ok(lookup) = local.get(key).await
        {
            let text = Bytes::copy_from_slice(text.as_bytes());
            // A local cache cannot fail.
            let _ = local.put(key, text, lookup.generation, LOCAL_TTL.min(self.ttl)).await;
        }
    }

    fn warn(&self, error: &CacheError) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| at.elapsed() >= WARN_INTERVAL) {
            *warned = Some(Instant::now());
            tracing::warn!(%error, "persisted query cache unavailable; clients send the documents again");
        }
    }
}
