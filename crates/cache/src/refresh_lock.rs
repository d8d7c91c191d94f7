//! Refresh locks: one server computes a value, the others wait for it.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::client::{CacheClient, DecodedLookup};
use super::freshness::Freshness;
use super::{CacheError, CacheGeneration, LockToken};

/// The first pause between two lookups while waiting; each is 1.5 times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
/// The longest pause between two lookups.
const MAX_PAUSE: Duration = Duration::from_millis(20);

/// A held lock.
pub(super) struct RefreshLock {
    key: String,
    token: LockToken,
}

/// The outcome of waiting for the refresh lock.
pub(super) enum LockOutcome<T> {
    /// Another server stored the value.
    Refreshed(T),
    /// This server computes; without a lock if the cache is unavailable.
    Acquired(DecodedLookup<T>, Option<RefreshLock>),
    /// Another server still holds the lock.
    TimedOut(DecodedLookup<T>),
}

impl CacheClient {
    /// Waits until this server acquires the lock, another stores the value, or `lock_wait` has passed.
    pub(super) async fn acquire_refresh_lock<T: DeserializeOwned>(
        &self,
        key: &str,
        first: DecodedLookup<T>,
        freshness: &Freshness<T>,
    ) -> LockOutcome<T> {
        let started = Instant::now();
        let (mut lookup, mut pause) = (first, FIRST_PAUSE);
        loop {
            let (Some(generation), None) = (lookup.epoch.generation, &lookup.error) else {
                return LockOutcome::Acquired(lookup, None);
            };
            if started.elapsed() >= self.timeouts().lock_wait {
                return LockOutcome::TimedOut(lookup);
            }
            let lock = match self.lock(key, generation).await {
                Ok(lock) => lock,
                Err(error) => {
                    return LockOutcome::Acquired(DecodedLookup { error: Some(error), ..lookup }, None);
                }
            };
            if lock.is_none() {
                tokio::time::sleep(pause).await;
                pause = (pause * 3 / 2).min(MAX_PAUSE);
            }
            // The previous holder may have stored the value since the last lookup.
            lookup = self.lookup(key).await;
            if let Some(value) = self.take_fresh(key, &mut lookup, freshness) {
                self.release(lock).await;
                return LockOutcome::Refreshed(value);
            }
            if lock.is_some() && lookup.error.is_none() && lookup.epoch.generation == Some(generation) {
                return LockOutcome::Acquired(lookup, lock);
            }
            self.release(lock).await;
        }
    }

    /// Acquires the lock of a key in a generation: older computations must not block newer ones.
    async fn lock(&self, key: &str, generation: CacheGeneration) -> Result<Option<RefreshLock>, CacheError> {
        let key = format!("{key}:{}", generation.0.simple());
        let token = self.cache().lock(&key, self.timeouts().lock_lease).await?;
        Ok(token.map(|token| RefreshLock { key, token }))
    }

    pub(super) async fn release(&self, lock: Option<RefreshLock>) {
        if let Some(RefreshLock { key, token }) = lock {
            // On an error, the lease ends by itself.
            let _ = self.cache().unlock(&key, token).await;
        }
    }
}
