//! The tiers of a query: ever looser ways to match, each used only if the ones before found few documents.

use super::planner::{PlannedTerms, PlannedUnit, PlannedWord, QueryPlan};
use super::request::{MatchPolicy, SearchRequest};
use quarry_domain::MatchTier;

/// The most tiers of a request.
const MAX_TIERS: u8 = 4;

/// A way to match a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    /// Its index among those of the request, by which hits are ordered first.
    pub(super) rank: u8,
    pub(super) kind: MatchTier,
    pub(super) required: RequiredUnits,
    pub(super) typos: TypoUse,
}

/// The units of a query that a match contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequiredUnits {
    All,
    /// All but words such as `the` beside others, and articles before an apostrophe, which only add to scores.
    NotOptional,
    /// One that is informative.
    Any,
}

/// The words that may be misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypoUse {
    None,
    /// Words that no document within the filter contains.
    Unknown,
    /// Those of the required units.
    All,
}

impl RequiredUnits {
    /// Returns true if a match contains a unit, or may be one because of it.
    pub(super) fn includes<T: PlannedTerms>(self, unit: &PlannedUnit<T>) -> bool {
        match self {
            Self::All => true,
            Self::NotOptional => !unit.is_optional(),
            Self::Any => unit.is_informative,
        }
    }

    /// Returns the same for a part of a compound.
    pub(super) fn includes_word<T>(self, part: &PlannedWord<T>) -> bool {
        match self {
            Self::All => true,
            Self::NotOptional => !part.is_elided,
            Self::Any => part.is_informative,
        }
    }

    /// Returns the same for a unit of a group with synonyms.
    pub(super) fn includes_part<T: PlannedTerms>(self, part: &PlannedUnit<T>) -> bool {
        self != Self::Any || part.is_informative
    }

    /// Returns true if one of the units suffices.
    pub(super) fn any(self) -> bool {
        self == Self::Any
    }
}

impl Tier {
    /// Returns true if one of the units suffices.
    pub(super) fn any(&self) -> bool {
        self.required.any()
    }
}

/// Returns the tiers of a request, in order.
pub(super) fn tiers<T: PlannedTerms>(request: &SearchRequest, plan: &QueryPlan<T>) -> Vec<Tier> {
    let words = plan.words();
    let mut tiers = Vec::with_capacity(usize::from(MAX_TIERS));
    let mut add = |kind, required, typos| {
        let rank = u8::try_from(tiers.len()).unwrap_or(MAX_TIERS);
        tiers.push(Tier { rank, kind, required, typos });
    };
    let tolerant = request.typo_tolerance && words > 0;
    match request.match_policy {
        MatchPolicy::All => {
            add(MatchTier::AllWords, RequiredUnits::All, TypoUse::None);
            if plan.has_optional() {
                add(MatchTier::AllWords, RequiredUnits::NotOptional, TypoUse::None);
            }
            if tolerant && !plan.is_truncated {
                add(MatchTier::Typos, RequiredUnits::NotOptional, TypoUse::All);
            }
            if request.relaxes && words > 1 {
                let typos = if tolerant { TypoUse::Unknown } else { TypoUse::None };
                add(MatchTier::AnyWord, RequiredUnits::Any, typos);
            }
        }
        MatchPolicy::Any => {
            add(MatchTier::AnyWord, RequiredUnits::Any, TypoUse::None);
            if tolerant {
                add(MatchTier::AnyWord, RequiredUnits::Any, TypoUse::Unknown);
            }
        }
    }
    tiers
}

/// Returns a score that is comparable between the tiers of one answer.
pub(super) fn shown_score(rank: u8, score: f32) -> f32 {
    match rank {
        0 => 2.0 + score,
        // From 1 to 2 in the next tier, then half as much in each.
        _ => (1.0 + score / (1.0 + score)) * 0.5_f32.powi(i32::from(rank) - 1),
    }
}
