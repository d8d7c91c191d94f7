//! Sketches of distinct sessions: they merge, which counts of distinct sessions do not.
//!
//! HyperLogLog in the format that Apache DataSketches keeps stable across versions and languages.
//! With 2,048 registers, the standard error is 2.3 % (one estimate in twenty is off by more than
//! 4.6 %); up to some hundreds of sessions, a sketch is all but exact. One takes 1 KiB at most.

use datasketches::hll::{HllSketch, HllType, HllUnion};
use uuid::{Uuid, uuid};

use crate::failure::Failure;

/// The binary logarithm of the number of registers.
const LG_REGISTERS: u8 = 11;
/// Names the digests of sessions: what is kept must mean the same to every process and version.
const NAMESPACE: Uuid = uuid!("b0c6f3b1-6df5-4f0d-8a4b-2d8a41a3c5ee");

/// Distinct sessions, more or less.
pub(super) struct SessionSketch(HllUnion);

impl SessionSketch {
    pub(super) fn new() -> Self {
        Self(HllUnion::new(LG_REGISTERS).expect("the number of registers is allowed"))
    }

    /// Adds a session, unless it is in already.
    pub(super) fn add(&mut self, session: &str) {
        let (digest, _) = Uuid::new_v5(&NAMESPACE, session.as_bytes()).as_u64_pair();
        self.0.update_value(digest);
    }

    /// Adds all that are in another sketch, as it was stored.
    pub(super) fn merge(&mut self, stored: &[u8]) -> Result<(), Failure> {
        let other = HllSketch::deserialize(stored).map_err(|_| Failure::unreadable("sketch of sessions"))?;
        self.0.update(&other);
        Ok(())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_sketch(HllType::Hll4).serialize()
    }

    /// How many there are, of so many searches.
    pub(super) fn estimate(&self, searches: i64) -> i64 {
        searches.min(self.0.estimate().round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = "0201070b0308030039a70e19dc3fe90b9696d60a";

    fn of(sessions: std::ops::Range<u32>) -> SessionSketch {
        let mut sketch = SessionSketch::new();
        sessions.for_each(|number| sketch.add(&format!("session {number}")));
        sketch
    }

    #[test]
    fn merged_sketches_estimate_within_the_error_that_is_stated() {
        for (sessions, error) in [(0, 0.0), (1, 0.0), (100, 0.0), (10_000, 0.07), (200_000, 0.07)] {
            let mut merged = SessionSketch::new();
            // Overlapping, and twice.
            for (from, to) in [(0, sessions * 2 / 3), (sessions / 3, sessions), (0, sessions / 2)] {
                merged.merge(&of(from..to).to_bytes()).ok().unwrap();
            }
            let off = (merged.estimate(i64::MAX) - i64::from(sessions)).abs() as f64;
            assert!(off <= f64::from(sessions) * error, "{sessions}: {}", merged.estimate(i64::MAX));
        }
    }

    #[test]
    fn what_is_stored_stays_readable() {
        // As the first version of quarry stored sessions 0 to 2.
        let stored = data_encoding::HEXLOWER.decode(STORED.as_bytes()).unwrap();
        let mut merged = of(0..3);
        merged.merge(&stored).ok().unwrap();
        assert_eq!(merged.estimate(i64::MAX), 3);
        merged.add("another session");
        assert_eq!((merged.estimate(i64::MAX), merged.estimate(2)), (4, 2));
        assert!(SessionSketch::new().merge(b"not a sketch").is_err());
        assert!(of(0..100_000).to_bytes().len() <= 1_200);
    }
}
