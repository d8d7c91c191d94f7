//! Rate limits: `governor`'s generic cell rate algorithm on a state store of bounded size.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use quick_cache::sync::Cache;
use tokio::time::Instant;

/// The most keys with a state, some 8 MiB.
///
/// An evicted key starts with a full quota, so the cache evicts frequent keys last.
const MAX_TRACKED_KEYS: usize = 65_536;

/// A rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// The sustained rate.
    pub(super) per_minute: u32,
    /// The operations that an idle key may send at once.
    pub(super) burst: u32,
}

/// A rate limiter with one state per key.
pub(super) struct Limiter<K: Hash + Eq + Clone> {
    rate: Rate,
    limiter: RateLimiter<K, BoundedStateStore<K>, TokioClock, NoOpMiddleware<Nanos>>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// Returns `None` for a rate of 0: no limit.
    pub(super) fn new(rate: Rate) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(rate.per_minute)?);
        let quota = quota.allow_burst(NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN));
        Some(Self {
            rate,
            limiter: RateLimiter::new(quota, BoundedStateStore::default(), TokioClock::default()),
        })
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts an operation, or returns the time until the next one without counting.
    pub(super) fn check(&self, key: &K) -> Result<(), Duration> {
        let checked = self.limiter.check_key(key);
        checked.map_err(|not_until| not_until.wait_time_from(self.limiter.clock().now()))
    }
}

/// The used quota of the most frequent keys.
struct BoundedStateStore<K>(Cache<K, Arc<AtomicU64>>);

impl<K: Hash + Eq + Clone> Default for BoundedStateStore<K> {
    fn default() -> Self {
        Self(Cache::new(MAX_TRACKED_KEYS))
    }
}

impl<K: Hash + Eq + Clone> StateStore for BoundedStateStore<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::default());
        let Ok(state) = self.0.get_or_insert_with(key, fresh);
        let mut before = state.load(Ordering::Acquire);
        loop {
            // Zero stands for a key without operations.
            let (outcome, after) = measure((before != 0).then(|| Nanos::new(before)))?;
            match state.compare_exchange_weak(before, after.into(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(outcome),
                Err(now) => before = now,
            }
        }
    }
}

/// The clock of the tokio runtime, which tests can pause.
#[derive(Clone)]
struct TokioClock(Instant);

impl Default for TokioClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let limiter = Limiter::new(Rate { per_minute: 30, burst: 3 }).unwrap();
        for _ in 0..3 {
            assert_eq!(limiter.check(&"a"), Ok(()));
        }
        assert_eq!(limiter.check(&"a"), Err(Duration::from_secs(2)));
        assert_eq!(limiter.check(&"b"), Ok(()), "each key has its own rate");
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(limiter.check(&"a"), Err(Duration::from_millis(500)));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(limiter.check(&"a"), Ok(()));
        assert!(limiter.check(&"a").is_err());
        tokio::time::advance(Duration::from_secs(3_600)).await;
        let passed = (0..10).filter(|_| limiter.check(&"a").is_ok()).count();
        assert_eq!(passed, 3, "a long pause saves up no more than a burst");
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_tracked_keys_is_bounded() {
        let limiter = Limiter::new(Rate { per_minute: 1, burst: 1 }).unwrap();
        for n in 0..4 * MAX_TRACKED_KEYS {
            assert_eq!(limiter.check(&n), Ok(()));
        }
        let store = limiter.limiter.into_state_store();
        assert!(store.0.len() <= MAX_TRACKED_KEYS, "{}", store.0.len());
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert!(Limiter::<u8>::new(Rate { per_minute: 0, burst: 1 }).is_none());
    }
}
