//! The tiers of a query: ever looser ways to match, each used only if the ones before found few documents.

use super::request::{MatchPolicy, SearchRequest};
use quarry_domain::MatchTier;

/// A way to match a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    /// Its index among those of the request, by which hits are ordered first.
    pub(super) rank: u8,
    pub(super) kind: MatchTier,
    /// True if one of the units suffices.
    pub(super) any: bool,
    pub(super) typos: TypoUse,
}

/// The words that may be misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypoUse {
    None,
    /// Words that no document within the filter contains.
    Unknown,
    All,
}

/// Returns the tiers of a request with this number of words and phrases, in order.
pub(super) fn tiers(request: &SearchRequest, words: usize, is_truncated: bool) -> Vec<Tier> {
    let mut tiers = Vec::with_capacity(3);
    let mut add = |kind, any, typos| {
        let rank = u8::try_from(tiers.len()).unwrap_or(u8::MAX);
        tiers.push(Tier { rank, kind, any, typos });
    };
    let tolerant = request.typo_tolerance && words > 0;
    match request.match_policy {
        MatchPolicy::All => {
            add(MatchTier::AllWords, false, TypoUse::None);
            if tolerant && !is_truncated {
                add(MatchTier::Typos, false, TypoUse::All);
            }
            if request.relaxes && words > 1 {
                add(MatchTier::AnyWord, true, if tolerant { TypoUse::Unknown } else { TypoUse::None });
            }
        }
        MatchPolicy::Any => {
            add(MatchTier::AnyWord, true, TypoUse::None);
            if tolerant {
                add(MatchTier::AnyWord, true, TypoUse::Unknown);
            }
        }
    }
    tiers
}

/// Returns a score that is comparable between the tiers of one answer.
pub(super) fn shown_score(rank: u8, score: f32) -> f32 {
    match rank {
        0 => score + 2.0,
        1 => 1.0 + score / (1.0 + score),
        _ => score / (1.0 + score),
    }
}
