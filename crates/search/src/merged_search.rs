//! Several searches whose hits are merged into one list.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use quarry_runtime::boxed;

use super::engine::{Hit, SearchAnswer, SearchEngine, SearchError};
use super::request::SearchRequest;
use quarry_domain::DocumentId;

/// The best hits of each search that are merged.
pub const MERGED_HITS: usize = 100;

/// One of several searches.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedSearch {
    /// The search; its page does not count.
    pub request: SearchRequest,
    /// The factor of its scores.
    pub weight: f64,
}

/// The answer to several searches.
#[derive(Debug)]
pub struct MergedAnswer {
    /// The hits of all searches, best first; a document occurs once.
    pub hits: Vec<MergedHit>,
    /// The answers to the searches, in their order, without hits.
    pub answers: Vec<SearchAnswer>,
}

/// A hit of one search or more.
#[derive(Debug)]
pub struct MergedHit {
    /// The hit of the first search that found it.
    pub hit: Hit,
    /// The sum of the scores of its searches.
    pub score: f64,
    /// Its place in each search that found it, in their order.
    pub places: Vec<MergedPlace>,
}

/// The place of a document in one of several searches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MergedPlace {
    /// The index of the search.
    pub search: usize,
    /// The number of the hit, from 1.
    pub rank: usize,
    /// The weight of the search, times the share of the best score.
    pub score: f64,
}

/// Searches, and merges the best hits.
///
/// Scores of different queries are not comparable. Shares of the best score of the same search are: they are
/// multiplied by its weight, and those of a document are added. Ties go to the better rank, then to the earlier search.
#[boxed]
pub async fn search_merged(
    engine: &dyn SearchEngine,
    searches: Vec<WeightedSearch>,
) -> Result<MergedAnswer, SearchError> {
    let weights: Vec<f64> = searches.iter().map(|search| search.weight).collect();
    let requests = searches.into_iter().map(|search| SearchRequest {
        first: MERGED_HITS,
        offset: 0,
        after: None,
        ..search.request
    });
    let requests: Vec<SearchRequest> = requests.collect();
    let mut answers = try_join_all(requests.iter().map(|request| engine.search(request))).await?;
    let mut hits: Vec<MergedHit> = Vec::new();
    let mut known: HashMap<DocumentId, usize> = HashMap::new();
    for (search, (answer, weight)) in answers.iter_mut().zip(weights).enumerate() {
        let best = answer.hits.iter().map(|hit| hit.score).fold(0.0, f32::max);
        for (before, hit) in std::mem::take(&mut answer.hits).into_iter().enumerate() {
            // A pinned document is as good as the best. Without words, all score 0 alike.
            let share = if hit.pinned || best <= 0.0 { 1.0 } else { f64::from(hit.score / best) };
            let place = MergedPlace { search, rank: before + 1, score: weight * share };
            let at = *known.entry(hit.document.id).or_insert_with(|| {
                hits.push(MergedHit { hit, score: 0.0, places: Vec::new() });
                hits.len() - 1
            });
            hits[at].score += place.score;
            hits[at].places.push(place);
        }
    }
    let rank = |hit: &MergedHit| hit.places.iter().map(|place| (place.rank, place.search)).min();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| rank(a).cmp(&rank(b))));
    Ok(MergedAnswer { hits, answers })
}
