use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::hash::Hash;
use crate::cache::{Cache, CacheError, CacheLimits, LocalCache};

/// What a server remembers of a cache that it shares: saves asking for what each page sends.
const NEAR: CacheLimits = CacheLimits { bytes: 8 << 20, value_bytes: Automatic::LIMITS.value_bytes };
/// For how long, at most.
const NEAR_FOR: Duration = Duration::from_secs(60);
/// At most one line in so long says that the cache is away.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Documents that clients sent once with their hashes, kept in a cache for a while.
///
/// Losing one is no failure: it is not found, so that the client sends it again. The same goes while the
/// cache is away.
pub struct Automatic {
    cache: Arc<dyn Cache>,
    near: Option<LocalCache>,
    keep: Duration,
    warned: Mutex<Option<Instant>>,
}

impl Automatic {
    /// How much is kept of all documents, and of one.
    pub const LIMITS: CacheLimits = CacheLimits { bytes: 32 << 20, value_bytes: 128 << 10 };

    /// Documents in a cache, each for so long.
    pub fn new(cache: Arc<dyn Cache>, keep: Duration) -> Self {
        let near = cache.is_shared().then(|| LocalCache::new(NEAR));
        Self { cache, near, keep, warned: Mutex::default() }
    }

    /// Whether a document is kept, as far as this server knows without asking others.
    pub(super) async fn is_near(&self, hash: Hash) -> bool {
        let near: &dyn Cache = match &self.near {
            Some(near) => near,
            None => &*self.cache,
        };
        near.get(&hash.to_hex()).await.is_ok_and(|looked| looked.value.is_some())
    }

    /// The document of a hash.
    pub(super) async fn find(&self, hash: Hash) -> Option<String> {
        let key = hash.to_hex();
        if let Some(near) = &self.near
            && let Ok(looked) = near.get(&key).await
            && let Some(text) = looked.value
        {
            return String::from_utf8(text.into()).ok();
        }
        let looked = self.cache.get(&key).await.inspect_err(|error| self.warn(error)).ok()?;
        // What others wrote is believed only as far as it can be checked.
        let text = String::from_utf8(looked.value?.into()).ok().filter(|text| Hash::of(text) == hash)?;
        self.keep_near(&key, &text).await;
        Some(text)
    }

    /// Keeps a document.
    pub(super) async fn keep(&self, hash: Hash, text: &str) {
        let key = hash.to_hex();
        let kept = async {
            let generation = self.cache.get(&key).await?.generation;
            self.cache.put(&key, Bytes::copy_from_slice(text.as_bytes()), generation, self.keep).await
        };
        match kept.await {
            Ok(true) => self.keep_near(&key, text).await,
            Ok(false) => {}
            Err(error) => {
                self.warn(&error);
                self.keep_near(&key, text).await;
            }
        }
    }

    async fn keep_near(&self, key: &str, text: &str) {
        if let Some(near) = &self.near
            && let Ok(looked) = near.get(key).await
        {
            let text = Bytes::copy_from_slice(text.as_bytes());
            // Memory of this process does not fail.
            let _ = near.put(key, text, looked.generation, NEAR_FOR.min(self.keep)).await;
        }
    }

    fn warn(&self, error: &CacheError) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            *warned = Some(Instant::now());
            tracing::warn!(%error, "persisted queries are not found while their cache is away");
        }
    }
}
