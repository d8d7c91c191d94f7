use async_graphql::InputObject;

use super::{DocumentFilter, MatchPolicy, SearchBoost};
use crate::failure::Failure;
use crate::scalars::{Flag, OrDefault};
use quarry_search::{Attributes, SearchRequest, WeightedSearch};

/// The largest weight.
const MAX_WEIGHT: f64 = 100.0;

/// One of the searches of `mergedSearch`. Its arguments are those of `search`.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct MergedSearchInput {
    /// The query.
    query: String,
    /// The conditions that documents must meet.
    filter: Option<DocumentFilter>,
    /// Raises the scores of documents by their values.
    boost: Option<Vec<SearchBoost>>,
    /// The number of words that must match.
    #[graphql(default, name = "match")]
    match_policy: OrDefault<MatchPolicy>,
    /// Match the last word as a prefix, too.
    #[graphql(default)]
    prefix: Flag<true>,
    /// Match similar words, too, if few documents contain all.
    #[graphql(default)]
    typo_tolerance: Flag<true>,
    /// The factor of the scores of this search: 1 by default, more than 0 and at most 100.
    weight: Option<f64>,
}

impl MergedSearchInput {
    /// Validates the input, and converts it to a search of the engine.
    pub(crate) fn checked(self, attributes: &Attributes) -> Result<WeightedSearch, Failure> {
        let weight = self.weight.unwrap_or(1.0);
        if !(weight > 0.0 && weight <= MAX_WEIGHT) {
            let problem = format_args!("must be more than 0, and at most {MAX_WEIGHT}");
            return Err(Failure::bad_input("weight", problem));
        }
        let request = SearchRequest {
            filter: self.filter.unwrap_or_default().checked(attributes)?,
            boosts: SearchBoost::checked(self.boost, attributes)?,
            match_policy: self.match_policy.0.into(),
            prefix: self.prefix.0,
            typo_tolerance: self.typo_tolerance.0,
            ..SearchRequest::new(self.query, 0)
        };
        Ok(WeightedSearch { request, weight })
    }
}
