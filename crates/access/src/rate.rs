//! How often somebody may ask: the generic cell rate algorithm of `governor`, on a store that
//! cannot grow without end.

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

/// How many are told apart at once: some 8 MiB. Whoever is forgotten begins anew, and those who
/// ask often are forgotten last.
const KEPT: usize = 65_536;

/// How often one may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// Sustained.
    pub(super) per_minute: u32,
    /// At once, after a pause.
    pub(super) burst: u32,
}

/// Limits each of many to the same rate.
pub(super) struct Limiter<K: Hash + Eq + Clone> {
    rate: Rate,
    limiter: RateLimiter<K, Store<K>, TokioClock, NoOpMiddleware<Nanos>>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// None where the rate is 0: there is no limit.
    pub(super) fn new(rate: Rate) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(rate.per_minute)?);
        let quota = quota.allow_burst(NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN));
        Some(Self { rate, limiter: RateLimiter::new(quota, Store::default(), TokioClock::default()) })
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts one; an error says after how long to ask again, and counts nothing.
    pub(super) fn count(&self, key: &K) -> Result<(), Duration> {
        let checked = self.limiter.check_key(key);
        checked.map_err(|not_until| not_until.wait_time_from(self.limiter.clock().now()))
    }
}

/// What each has used up, for as many as fit.
struct Store<K>(Cache<K, Arc<AtomicU64>>);

impl<K: Hash + Eq + Clone> Default for Store<K> {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl<K: Hash + Eq + Clone> StateStore for Store<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::default());
        let Ok(state) = self.0.get_or_insert_with(key, fresh);
        let mut before = state.load(Ordering::Acquire);
        loop {
            // Zero is who never asked.
            let (outcome, after) = measure((before != 0).then(|| Nanos::new(before)))?;
            match state.compare_exchange_weak(before, after.into(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(outcome),
                Err(now) => before = now,
            }
        }
    }
}

/// The runtime's clock, which tests can pause.
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
            assert_eq!(limiter.count(&"a"), Ok(()));
        }
        assert_eq!(limiter.count(&"a"), Err(Duration::from_secs(2)));
        assert_eq!(limiter.count(&"b"), Ok(()), "each has a rate of their own");
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(limiter.count(&"a"), Err(Duration::from_millis(500)));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(limiter.count(&"a"), Ok(()));
        assert!(limiter.count(&"a").is_err());
        tokio::time::advance(Duration::from_secs(3_600)).await;
        let passed = (0..10).filter(|_| limiter.count(&"a").is_ok()).count();
        assert_eq!(passed, 3, "a long pause saves up no more than a burst");
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_kept_and_no_more() {
        let limiter = Limiter::new(Rate { per_minute: 1, burst: 1 }).unwrap();
        for n in 0..4 * KEPT {
            assert_eq!(limiter.count(&n), Ok(()));
        }
        let store = limiter.limiter.into_state_store();
        assert!(store.0.len() <= KEPT, "{}", store.0.len());
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert!(Limiter::<u8>::new(Rate { per_minute: 0, burst: 1 }).is_none());
    }
}
