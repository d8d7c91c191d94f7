use serde::{Deserialize, Serialize};

/// A way in which documents match a query, the strictest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MatchTier {
    /// All words as typed, in another form or as a prefix.
    #[default]
    AllWords,
    /// All words, some of them with typos.
    Typos,
    /// Any of the words.
    AnyWord,
}

impl MatchTier {
    /// The name in the database and in exports.
    pub fn name(self) -> &'static str {
        match self {
            Self::AllWords => "all_words",
            Self::Typos => "typos",
            Self::AnyWord => "any_word",
        }
    }
}

/// The number of documents that a text found, and the way in which they match.
///
/// Keystrokes carry it as one number: buffers and journals of every version read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundCount {
    /// The number of documents.
    pub count: i64,
    /// The tiers that found them, if the server answered the search.
    pub tier: Option<FoundTier>,
}

/// The tiers that answered a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTier {
    /// The last tier that found documents.
    pub last: MatchTier,
    /// Documents with any of the words follow those with all.
    pub relaxed: bool,
}

/// The bits of the count; the tier is above them.
const COUNT_BITS: u32 = 48;
const RELAXED: i64 = 1 << 2;

impl FoundCount {
    /// The number in a keystroke.
    pub fn packed(self) -> i64 {
        let tier = self.tier.map_or(0, |tier| {
            let last = match tier.last {
                MatchTier::AllWords => 1,
                MatchTier::Typos => 2,
                MatchTier::AnyWord => 3,
            };
            last + if tier.relaxed { RELAXED } else { 0 }
        });
        self.count.clamp(0, (1 << COUNT_BITS) - 1) | tier << COUNT_BITS
    }

    /// Reads the number in a keystroke.
    pub fn unpacked(packed: i64) -> Self {
        let bits = packed >> COUNT_BITS;
        let last = match bits & 3 {
            1 => Some(MatchTier::AllWords),
            2 => Some(MatchTier::Typos),
            3 => Some(MatchTier::AnyWord),
            _ => None,
        };
        let tier = last.map(|last| FoundTier { last, relaxed: bits & RELAXED != 0 });
        Self { count: packed & ((1 << COUNT_BITS) - 1), tier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_and_its_tier_are_one_number() {
        let tiers = [MatchTier::AllWords, MatchTier::Typos, MatchTier::AnyWord];
        let known =
            tiers.into_iter().flat_map(|last| [true, false].map(|relaxed| FoundTier { last, relaxed }));
        for tier in known.map(Some).chain([None]) {
            for count in [0, 1, 40, (1 << COUNT_BITS) - 1] {
                let found = FoundCount { count, tier };
                assert_eq!(FoundCount::unpacked(found.packed()), found);
            }
        }
        // A client's count is a plain number.
        assert_eq!(FoundCount::unpacked(7), FoundCount { count: 7, tier: None });
        assert!(FoundCount { count: i64::MAX, tier: None }.packed() > 0);
    }
}
