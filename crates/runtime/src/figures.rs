//! Counts and durations, kept where they arise: a few atomic additions each, read whenever
//! somebody asks.
//!
//! Knows no names and no format: who shows figures names them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds for what answers from memory, in microseconds: from 10 µs to a second.
pub const QUICK: &[u64] =
    &[10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];
/// Upper bounds for whole operations, in microseconds: from 100 µs to half a minute.
pub const WHOLE: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// Counts what happened.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// It happened once more.
    pub fn one(&self) {
        self.add(1);
    }

    /// It happened so many times more.
    pub fn add(&self, times: u64) {
        self.0.fetch_add(times, Ordering::Relaxed);
    }

    /// How often it happened.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts what is under way.
#[derive(Debug, Default)]
pub struct UnderWay(AtomicU64);

impl UnderWay {
    /// One more, until what is returned is dropped.
    pub fn enter(&self) -> Entered<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self)
    }

    /// How much is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something that is under way.
#[derive(Debug)]
pub struct Entered<'a>(&'a UnderWay);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts durations by how long they were.
#[derive(Debug)]
pub struct Durations {
    bounds: &'static [u64],
    /// One a bound, and one for what is above them all.
    counts: Box<[AtomicU64]>,
    nanos: AtomicU64,
}

/// Durations as they were counted up to a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Upper bounds in seconds, the last one infinite, and how many lay within each and above
    /// the one before.
    pub buckets: Vec<(f64, u64)>,
    /// All of them added up, in seconds.
    pub sum: f64,
}

impl Durations {
    /// None yet. `bounds` are in microseconds, and go up.
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, nanos: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn note(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let place = self.bounds.partition_point(|bound| bound * 1_000 < nanos);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        // Overflows after five hundred years.
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// How they spread.
    #[expect(clippy::cast_precision_loss, reason = "what is shown is a float")]
    pub fn spread(&self) -> Spread {
        let bounds = self.bounds.iter().map(|bound| *bound as f64 / 1e6).chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let sum = Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64();
        Spread { buckets: bounds.zip(counts).collect(), sum }
    }
}

impl Spread {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_at_the_first_bound_that_it_does_not_exceed() {
        let durations = Durations::new(&[10, 100]);
        for micros in [0, 10, 11, 100, 101] {
            durations.note(Duration::from_micros(micros));
        }
        durations.note(Duration::from_nanos(10_001));
        let spread = durations.spread();
        assert_eq!(spread.buckets, [(0.000_01, 2), (0.000_1, 3), (f64::INFINITY, 1)]);
        assert!((spread.sum - 0.000_232_001).abs() < 1e-12, "{spread:?}");
        assert_eq!(spread.count(), 6);
    }

    #[test]
    fn what_is_under_way_ends_when_it_is_dropped() {
        let under_way = UnderWay::default();
        let (one, two) = (under_way.enter(), under_way.enter());
        assert_eq!(under_way.get(), 2);
        drop((one, two));
        assert_eq!(under_way.get(), 0);
    }

    #[test]
    fn bounds_go_up() {
        for bounds in [QUICK, WHOLE] {
            assert!(bounds.is_sorted_by(|one, next| one < next), "{bounds:?}");
        }
    }
}
