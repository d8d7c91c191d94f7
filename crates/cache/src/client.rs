//! What cache-aside asks of the cache, and of the memory of last good answers.

use quarry_runtime::boxed;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::envelope::{self, Envelope};
use super::fallback_cache::{Epoch, FallbackCache};
use super::{Cache, CacheError, Generation, LockToken};
use quarry_domain::Timestamp;

/// How long an answer is kept after it is fresh no more, for when nothing can be computed.
const KEPT_STALE: Duration = Duration::from_secs(24 * 3_600);
/// Bytes of last good answers that are remembered.
const REMEMBERED_BYTES: u64 = 64 << 20;
/// Between the first two looks whether another server is done; each is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
/// The longest time between two such looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// How long servers and calls wait for one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheTimeouts {
    /// For how long a server may compute before its turn ends, since it may be no more. As long as
    /// the store lets a read take: whoever still computes is not overtaken.
    pub lease: Duration,
    /// For how long a server waits for another that computes, before it does with an older answer
    /// or, without one, computes by itself. A server that is no more holds others up for so long.
    pub patience: Duration,
    /// For how long a call waits for its answer where there is an older one.
    pub stale_after: Duration,
    /// The same where it is to be computed now: less than a request may take.
    pub stale_after_refresh: Duration,
}

impl Default for CacheTimeouts {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            stale_after: Duration::from_secs(4),
            stale_after_refresh: Duration::from_secs(8),
        }
    }
}

/// A cache of answers, and what all that use it in this process have in common. Clones share it.
#[derive(Clone)]
pub struct CacheClient(Arc<Shared>);

struct Shared {
    cache: Arc<dyn Cache>,
    ttl: Duration,
    timeouts: CacheTimeouts,
    fallback: FallbackCache,
    /// How often [`Answers::clear`] was called.
    cleared: AtomicU64,
    /// The last of these clearings that the cache heard of.
    cleared_cache: AtomicU64,
    /// How often this process forgot all, whoever else did.
    forgotten: AtomicU64,
    generations: Mutex<Generations>,
}

/// The generations of the cache that were seen last.
#[derive(Clone, Copy, Default)]
struct Generations {
    current: Option<Generation>,
    before: Option<Generation>,
}

impl Generations {
    /// Notes what a look saw.
    fn note(&mut self, seen: Generation) {
        // A slow look may be overtaken by one that saw the next: what is over does not come back.
        if self.before != Some(seen) && self.current != Some(seen) {
            *self = Self { current: Some(seen), before: self.current };
        }
    }
}

/// A look at the cache.
pub(super) struct DecodedLookup<T> {
    pub(super) epoch: Epoch,
    /// The answer that is kept, fresh or not.
    pub(super) kept: Option<(Bytes, Envelope<T>)>,
    /// Why there was no look.
    pub(super) away: Option<CacheError>,
}

/// Whether this server is to compute.
pub(super) enum LockOutcome<T> {
    /// Another server did.
    Refreshed(Envelope<T>),
    /// It is, as of this look, and gives the lock back when it has.
    Acquired(DecodedLookup<T>, Option<Lock>),
    /// Another server still does, after all the patience of this one.
    TimedOut(DecodedLookup<T>),
}

/// A lock that is held.
pub(super) struct Lock {
    key: String,
    token: LockToken,
}

impl CacheClient {
    /// Answers in a cache, fresh for at most `ttl`; if that is zero, none is ever kept.
    pub fn new(cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        Self::with_timeouts(cache, ttl, CacheTimeouts::default())
    }

    /// The same with waits of one's own.
    pub fn with_timeouts(cache: Arc<dyn Cache>, ttl: Duration, timeouts: CacheTimeouts) -> Self {
        let fallback = FallbackCache::new(REMEMBERED_BYTES, KEPT_STALE);
        let (cleared, cleared_cache, forgotten, generations) = Default::default();
        let shared =
            Shared { cache, ttl, timeouts, fallback, cleared, cleared_cache, forgotten, generations };
        Self(Arc::new(shared))
    }

    /// Forgets all, here and in the cache: no answer to a call that begins after this returned is
    /// older. If the cache did not hear of it, that is an error, and this process looks at nothing
    /// in it before it has.
    #[boxed]
    pub async fn clear(&self) -> Result<(), CacheError> {
        // First, so that a look that knows that all was forgotten knows that the cache must hear of it.
        let number = self.0.cleared.fetch_add(1, Ordering::SeqCst) + 1;
        self.forget_remembered();
        self.clear_cache(number).await
    }

    /// Forgets what this process keeps: no answer to a call that begins after this returned is older,
    /// unless it is from a cache that others share, which whoever made it out of date clears.
    #[boxed]
    pub async fn clear_local(&self) -> Result<(), CacheError> {
        if self.0.cache.is_shared() {
            self.forget_remembered();
            return Ok(());
        }
        self.clear().await
    }

    fn forget_remembered(&self) {
        self.0.forgotten.fetch_add(1, Ordering::SeqCst);
        self.0.fallback.clear();
    }

    /// Clears the cache, which then has heard of all clearings up to this one.
    async fn clear_cache(&self, number: u64) -> Result<(), CacheError> {
        self.0.cache.clear().await?;
        self.0.cleared_cache.fetch_max(number, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn is_enabled(&self) -> bool {
        !self.0.ttl.is_zero()
    }

    /// For how long a call waits for its answer where there is an older one.
    pub(super) fn stale_after(&self, refresh: bool) -> Duration {
        let timeouts = self.0.timeouts;
        if refresh { timeouts.stale_after_refresh } else { timeouts.stale_after }
    }

    /// Looks for the answer of a key.
    pub(super) async fn look<T: DeserializeOwned>(&self, key: &str) -> DecodedLookup<T> {
        let shared = &*self.0;
        let forgotten = shared.forgotten.load(Ordering::SeqCst);
        let cleared = shared.cleared.load(Ordering::SeqCst);
        let look = async {
            if shared.cleared_cache.load(Ordering::SeqCst) < cleared {
                self.clear_cache(cleared).await?;
            }
            shared.cache.get(key).await
        };
        match look.await {
            Ok(lookup) => {
                self.generations().note(lookup.generation);
                let epoch = Epoch { forgotten, generation: Some(lookup.generation) };
                let kept = lookup.value.and_then(|bytes| Some((envelope::decode(&bytes)?, bytes)));
                DecodedLookup { epoch, kept: kept.map(|(envelope, bytes)| (bytes, envelope)), away: None }
            }
            Err(error) => {
                let epoch = Epoch { forgotten, generation: self.generations().current };
                DecodedLookup { epoch, kept: None, away: Some(error) }
            }
        }
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that was seen, if it is fresh.
    pub(super) fn fresh<T>(
        &self,
        key: &str,
        seen: &mut DecodedLookup<T>,
        now: Timestamp,
    ) -> Option<Envelope<T>> {
        // What is fresh for longer than it can be was written by a clock that was wrong.
        let latest =
            now.checked_add_signed(delta(self.0.ttl.saturating_mul(2))).unwrap_or(Timestamp::MAX_UTC);
        let (bytes, envelope) =
            seen.kept.take_if(|(_, kept)| now < kept.fresh_until && kept.fresh_until <= latest)?;
        self.remember(key, seen.epoch, &bytes);
        Some(envelope)
    }

    fn remember(&self, key: &str, epoch: Epoch, answer: &Bytes) {
        // What was forgotten meanwhile is not even kept where nobody looks.
        if self.is_current(epoch) {
            self.0.fallback.put(key, epoch, answer);
        }
    }

    /// Nothing was forgotten since.
    fn is_current(&self, epoch: Epoch) -> bool {
        epoch.forgotten == self.0.forgotten.load(Ordering::SeqCst)
    }

    /// Waits until this server is to compute, or another has, or for too long: one at a time does.
    pub(super) async fn turn<T: DeserializeOwned>(
        &self,
        key: &str,
        first: DecodedLookup<T>,
        now: Timestamp,
    ) -> LockOutcome<T> {
        let waited = Instant::now();
        let (mut seen, mut pause) = (first, FIRST_PAUSE);
        loop {
            let (Some(generation), None) = (seen.epoch.generation, &seen.away) else {
                return LockOutcome::Acquired(seen, None);
            };
            if waited.elapsed() >= self.0.timeouts.patience {
                return LockOutcome::TimedOut(seen);
            }
            let lock = match self.lock(key, generation).await {
                Ok(lock) => lock,
                Err(error) => {
                    return LockOutcome::Acquired(DecodedLookup { away: Some(error), ..seen }, None);
                }
            };
            if lock.is_none() {
                tokio::time::sleep(pause).await;
                pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            }
            // Whoever had the lock before may have been done just now.
            seen = self.look(key).await;
            if let Some(envelope) = self.fresh(key, &mut seen, now) {
                self.release(lock).await;
                return LockOutcome::Refreshed(envelope);
            }
            if lock.is_some() && seen.away.is_none() && seen.epoch.generation == Some(generation) {
                return LockOutcome::Acquired(seen, lock);
            }
            self.release(lock).await;
        }
    }

    /// Takes the lock of a key: another for each generation, since what was begun before a clearing
    /// is nothing to wait for after it.
    async fn lock(&self, key: &str, generation: Generation) -> Result<Option<Lock>, CacheError> {
        let key = format!("{key}:{}", generation.0.simple());
        let token = self.0.cache.lock(&key, self.0.timeouts.lease).await?;
        Ok(token.map(|token| Lock { key, token }))
    }

    /// Gives a lock back.
    pub(super) async fn release(&self, lock: Option<Lock>) {
        if let Some(Lock { key, token }) = lock {
            // If it does not work, the turn ends by itself.
            let _ = self.0.cache.unlock(&key, token).await;
        }
    }

    /// Keeps an answer that was computed after this look, for a call that began at `now`; whether
    /// the cache has it then.
    pub(super) async fn keep<T: Serialize>(
        &self,
        key: &str,
        seen: &DecodedLookup<T>,
        now: Timestamp,
        answer: &T,
    ) -> Result<bool, CacheError> {
        // Entries that were made together do not end together.
        let ttl = self.0.ttl.mul_f64(rand::random_range(0.9..=1.0));
        let fresh_until = now.checked_add_signed(delta(ttl)).unwrap_or(Timestamp::MAX_UTC);
        let bytes = envelope::encode(fresh_until, answer);
        self.remember(key, seen.epoch, &bytes);
        match seen.epoch.generation {
            Some(generation) if seen.away.is_none() && self.is_current(seen.epoch) => {
                self.0.cache.put(key, bytes, generation, self.0.ttl.saturating_add(KEPT_STALE)).await
            }
            _ => Ok(false),
        }
    }

    /// The last good answer, as it is written: what was seen, or what is remembered.
    pub(super) fn fallback<T>(&self, key: &str, seen: &DecodedLookup<T>) -> Option<Bytes> {
        let kept = seen.kept.as_ref().map(|(bytes, _)| bytes.clone());
        kept.or_else(|| self.0.fallback.get(key, seen.epoch))
    }
}

fn delta(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}
