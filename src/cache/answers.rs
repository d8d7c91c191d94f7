//! What cache-aside asks of the cache, and of the memory of last good answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::envelope::{self, Written};
use super::last_good::{Era, LastGood};
use super::{Cache, CacheError, Generation, LockToken};
use crate::domain::Timestamp;

/// How long an answer is kept after it is fresh no more, for when nothing can be computed.
const KEPT_STALE: Duration = Duration::from_secs(24 * 3_600);
/// Bytes of last good answers that are remembered.
const REMEMBERED_BYTES: u64 = 64 << 20;
/// For how long another server may compute before its turn ends: it may be no more.
const TURN: Duration = Duration::from_secs(5);
/// For how long a call waits for other servers before it computes by itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between the first two looks whether another server is done; each is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
/// The longest time between two such looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A cache of answers, and what all that use it in this process have in common. Clones share it.
#[derive(Clone)]
pub struct Answers(Arc<Shared>);

struct Shared {
    cache: Arc<dyn Cache>,
    ttl: Duration,
    last_good: LastGood,
    /// How often [`Answers::clear`] was called.
    cleared: AtomicU64,
    /// The last of these clearings that the cache heard of.
    cleared_cache: AtomicU64,
}

/// A look at the cache.
pub(super) struct Seen<T> {
    pub(super) era: Era,
    /// The answer that is kept, fresh or not.
    pub(super) kept: Option<(Bytes, Written<T>)>,
    /// Why there was no look.
    pub(super) away: Option<CacheError>,
}

/// Whether this server is to compute.
pub(super) enum Turn<T> {
    /// Another server did.
    Done(Written<T>),
    /// It is, as of this look, and gives the lock back when it has.
    Ours(Seen<T>, Option<Lock>),
}

/// A lock that is held.
pub(super) struct Lock {
    key: String,
    token: LockToken,
}

impl Answers {
    /// Answers in a cache, fresh for at most `ttl`; if that is zero, none is ever kept.
    pub fn new(cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        let last_good = LastGood::new(REMEMBERED_BYTES, KEPT_STALE);
        let (cleared, cleared_cache) = Default::default();
        Self(Arc::new(Shared { cache, ttl, last_good, cleared, cleared_cache }))
    }

    /// Forgets all, here and in the cache: no answer to a call that begins after this returned is
    /// older. If the cache did not hear of it, that is an error, and this process looks at nothing
    /// in it before it has.
    pub async fn clear(&self) -> Result<(), CacheError> {
        let shared = &*self.0;
        let number = shared.cleared.fetch_add(1, Ordering::SeqCst) + 1;
        shared.last_good.clear();
        self.clear_cache(number).await
    }

    /// Clears the cache, which then has heard of all clearings up to this one.
    async fn clear_cache(&self, number: u64) -> Result<(), CacheError> {
        self.0.cache.clear().await?;
        self.0.cleared_cache.fetch_max(number, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn are_kept(&self) -> bool {
        !self.0.ttl.is_zero()
    }

    /// Looks for the answer of a key.
    pub(super) async fn look<T: DeserializeOwned>(&self, key: &str) -> Seen<T> {
        let shared = &*self.0;
        let cleared = shared.cleared.load(Ordering::SeqCst);
        let look = async {
            if shared.cleared_cache.load(Ordering::SeqCst) < cleared {
                self.clear_cache(cleared).await?;
            }
            shared.cache.get(key).await
        };
        match look.await {
            Ok(looked) => {
                let era = Era { cleared, generation: Some(looked.generation) };
                let kept = looked.value.and_then(|bytes| Some((envelope::read(&bytes)?, bytes)));
                Seen { era, kept: kept.map(|(written, bytes)| (bytes, written)), away: None }
            }
            Err(error) => Seen { era: Era { cleared, generation: None }, kept: None, away: Some(error) },
        }
    }

    /// The answer that was seen, if it is fresh.
    pub(super) fn fresh<T>(&self, key: &str, seen: &mut Seen<T>, now: Timestamp) -> Option<Written<T>> {
        // What is fresh for longer than it can be was written by a clock that was wrong.
        let latest = now.checked_add_signed(delta(2 * self.0.ttl))?;
        let (bytes, written) =
            seen.kept.take_if(|(_, kept)| now < kept.fresh_until && kept.fresh_until <= latest)?;
        self.remember(key, seen.era, &bytes);
        Some(written)
    }

    fn remember(&self, key: &str, era: Era, answer: &Bytes) {
        // What was cleared away meanwhile is not even kept where nobody looks.
        if era.cleared == self.0.cleared.load(Ordering::SeqCst) {
            self.0.last_good.put(key, era, answer);
        }
    }

    /// Waits until this server is to compute, or another has: one at a time does.
    pub(super) async fn turn<T: DeserializeOwned>(
        &self,
        key: &str,
        first: Seen<T>,
        now: Timestamp,
    ) -> Turn<T> {
        let deadline = Instant::now() + PATIENCE;
        let (mut seen, mut pause) = (first, FIRST_PAUSE);
        loop {
            let Some(generation) = seen.era.generation.filter(|_| Instant::now() < deadline) else {
                return Turn::Ours(seen, None);
            };
            let lock = match self.lock(key, generation).await {
                Ok(lock) => lock,
                Err(error) => return Turn::Ours(Seen { away: Some(error), ..seen }, None),
            };
            if lock.is_none() {
                tokio::time::sleep(pause).await;
                pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            }
            // Whoever had the lock before may have been done just now.
            seen = self.look(key).await;
            if let Some(written) = self.fresh(key, &mut seen, now) {
                self.give_back(lock).await;
                return Turn::Done(written);
            }
            if lock.is_some() && seen.era.generation == Some(generation) {
                return Turn::Ours(seen, lock);
            }
            self.give_back(lock).await;
        }
    }

    /// Takes the lock of a key: another for each generation, since what was begun before a clearing
    /// is nothing to wait for after it.
    async fn lock(&self, key: &str, generation: Generation) -> Result<Option<Lock>, CacheError> {
        let key = format!("{key}:{}", generation.0.simple());
        let token = self.0.cache.lock(&key, TURN).await?;
        Ok(token.map(|token| Lock { key, token }))
    }

    /// Gives a lock back.
    pub(super) async fn give_back(&self, lock: Option<Lock>) {
        if let Some(Lock { key, token }) = lock {
            // If it does not work, the turn ends by itself.
            let _ = self.0.cache.unlock(&key, token).await;
        }
    }

    /// Keeps an answer that was computed in an era for a call that began at `now`.
    pub(super) async fn keep<T: Serialize>(
        &self,
        key: &str,
        era: Era,
        now: Timestamp,
        answer: &T,
    ) -> Result<(), CacheError> {
        // Entries that were made together do not end together.
        let ttl = self.0.ttl.mul_f64(rand::random_range(0.9..=1.0));
        let fresh_until = now.checked_add_signed(delta(ttl)).unwrap_or(now);
        let bytes = envelope::write(fresh_until, answer);
        self.remember(key, era, &bytes);
        match era.generation {
            Some(generation) => self.0.cache.put(key, bytes, generation, self.0.ttl + KEPT_STALE).await,
            None => Ok(()),
        }
    }

    /// The last good answer: what was seen, or what is remembered.
    pub(super) fn last_good<T: DeserializeOwned>(&self, key: &str, seen: Seen<T>) -> Option<T> {
        let kept = seen.kept.map(|(_, written)| written);
        let remembered = || envelope::read(&self.0.last_good.get(key, seen.era)?);
        kept.or_else(remembered).map(|written| written.answer)
    }
}

fn delta(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}
