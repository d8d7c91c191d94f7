//! Exponential backoff with full jitter.
//!
//! Stateless: the caller counts the failures and passes the random number generator, so that a seeded
//! test sees the same delays every time.

use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// Doublings after which the ceiling no longer grows (it would overflow long after).
const MAX_DOUBLINGS: u32 = 30;

/// Exponential backoff with full jitter.
///
/// Each delay is uniform between zero and a ceiling that doubles with every failure, so that many clients
/// do not return at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

impl Backoff {
    /// Creates a backoff: `base` is the first ceiling, `max` the highest.
    pub const fn new(base: Duration, max: Duration) -> Self {
        Self { base, max }
    }

    /// Returns the maximum delay after consecutive failures.
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(MAX_DOUBLINGS);
        self.base.saturating_mul(1 << doublings).min(self.max)
    }

    /// Returns a random delay after consecutive failures.
    pub fn delay(&self, failures: u32, rng: &mut impl Rng) -> Duration {
        self.ceiling(failures).mul_f64(rng.random::<f64>())
    }
}

/// Returns `period` changed by up to `share` of itself; a seed always returns the same.
pub fn spread(period: Duration, share: f64, seed: u64) -> Duration {
    let offset = StdRng::seed_from_u64(seed).random_range(-1.0..=1.0) * share;
    period.mul_f64((1.0 + offset).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(3));

    #[test]
    fn the_ceiling_doubles_up_to_its_maximum() {
        let ceilings: Vec<u128> =
            [0, 1, 2, 3, 5, 6, 7, u32::MAX].map(|failures| BACKOFF.ceiling(failures).as_millis()).into();
        assert_eq!(ceilings, [100, 100, 200, 400, 1_600, 3_000, 3_000, 3_000]);
    }

    #[test]
    fn delays_fill_the_whole_range_below_the_ceiling() {
        let mut rng = StdRng::seed_from_u64(7);
        let delays: Vec<Duration> = (0..1_000).map(|_| BACKOFF.delay(2, &mut rng)).collect();
        assert!(delays.iter().all(|delay| *delay <= BACKOFF.ceiling(2)));
        assert!(delays.iter().any(|delay| *delay < Duration::from_millis(20)));
        assert!(delays.iter().any(|delay| *delay > Duration::from_millis(180)));
    }

    #[test]
    fn a_seed_gives_the_same_delays_again() {
        let draw = || {
            let mut rng = StdRng::seed_from_u64(1);
            (1..5).map(|failures| BACKOFF.delay(failures, &mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }

    #[test]
    fn a_spread_period_is_near_and_stable() {
        let period = Duration::from_secs(600);
        let moved: Vec<Duration> = (0..100).map(|seed| spread(period, 0.1, seed)).collect();
        assert!(moved.iter().all(|moved| (540..=660).contains(&moved.as_secs())));
        assert!(moved.iter().any(|moved| *moved < period) && moved.iter().any(|moved| *moved > period));
        assert_eq!(moved[3], spread(period, 0.1, 3));
    }
}
