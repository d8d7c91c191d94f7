//! The SplitMix64 generator, with the same stream on every machine and in every version.
//!
//! It is not from a library, because libraries may change their streams between versions, and a seed in a bug
//! report must stay reproducible. Not for secrets.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A random number generator that starts at one position of one seed.
#[derive(Clone, Debug)]
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    /// Starts at a position, in constant time and independent of all other positions.
    pub(super) fn at(seed: u64, position: u64) -> Self {
        Self(bijective_hash(seed, position))
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A uniform number below `end`; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let scaled = (u128::from(self.bits()) * end as u128) >> 64;
        scaled as usize
    }

    /// A number below `end` with approximately a Zipf distribution.
    ///
    /// All octaves are equally likely and each is uniform, which resembles word frequencies, and avoids floating
    /// point, which can differ between machines.
    pub(super) fn skewed_below(&mut self, end: usize) -> usize {
        let octaves = end.max(1).ilog2() as usize + 1;
        let first = 1_usize << self.below(octaves);
        let rank = first + self.below(first) - 1;
        if rank < end { rank } else { self.below(end) }
    }

    /// A uniform element of a list.
    pub(super) fn one_of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Hashes a position to 64 bits without collisions, because every step is invertible.
pub(super) fn bijective_hash(seed: u64, position: u64) -> u64 {
    mix(mix(seed).wrapping_add(position.wrapping_mul(GAMMA)))
}

/// Derives an independent seed for one purpose.
pub(super) fn derive_seed(seed: u64, part: &str) -> u64 {
    part.bytes().fold(mix(seed), |state, byte| mix(state ^ u64::from(byte)))
}

fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_same_for_ever() {
        let mut rng = SplitMix64::at(7, 1);
        let first: Vec<usize> = (0..6).map(|_| rng.below(1_000)).collect();
        assert_eq!(first, [735, 928, 548, 542, 165, 260]);
    }

    #[test]
    fn small_ranks_are_drawn_more_often_and_every_rank_is_drawn() {
        let mut drawn = [0_usize; 100];
        for position in 0..100_000 {
            drawn[SplitMix64::at(1, position).skewed_below(100)] += 1;
        }
        assert!(drawn.iter().all(|count| *count > 50), "{drawn:?}");
        assert!(drawn[0] > 5 * drawn[10] && drawn[10] > 2 * drawn[40], "{drawn:?}");
    }
}
