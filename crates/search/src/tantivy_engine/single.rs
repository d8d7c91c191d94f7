//! Searches for a single word, the commonest while somebody types: counted from sets and ranked
//! form by form, best first, so that what cannot be among the hits is never looked at.

use tantivy::DocId;
use tantivy_common::BitSet;

use super::super::request::{SearchRequest, SearchSort};
use super::plan::UnitPlan;
use super::ranking::{Candidate, Ranking};
use super::sets::for_each;
use super::snapshot::{Segment, Snapshot};
use super::word::{PREFIX, WordPlan, postings};

/// What a single word found.
pub(super) struct SingleFound {
    pub(super) total: u64,
    pub(super) best: Vec<Candidate>,
}

/// Answers a search if it is simple enough; `None` where every match has to be looked at.
pub(super) fn find_single(
    units: &[UnitPlan],
    snapshot: &Snapshot,
    request: &SearchRequest,
) -> tantivy::Result<Option<SingleFound>> {
    let is_simple = request.after.is_none()
        && !request.facets
        && request.sort != SearchSort::Oldest
        && request.filter.is_empty();
    let mut ranking = Ranking::new(request.sort, request.first.saturating_add(1), None);
    let total = match units {
        _ if !is_simple => return Ok(None),
        [] => rank_everything(snapshot, &mut ranking),
        [UnitPlan::Word(word)] if word.segments.iter().all(|found| found.titles.is_empty()) => {
            rank_word(word, snapshot, &mut ranking)?
        }
        _ => return Ok(None),
    };
    Ok(Some(SingleFound { total, best: ranking.into_best() }))
}

fn rank_everything(snapshot: &Snapshot, ranking: &mut Ranking) -> u64 {
    for (ordinal, segment) in snapshot.segments.iter().enumerate() {
        rank_newest(ordinal, segment, ranking, 0.0, |_| true);
    }
    snapshot.documents
}

fn rank_word(word: &WordPlan, snapshot: &Snapshot, ranking: &mut Ranking) -> tantivy::Result<u64> {
    let mut total = 0;
    for (ordinal, segment) in snapshot.segments.iter().enumerate() {
        let all = word.all_documents(ordinal, segment)?;
        let removed = segment.removed.iter().filter(|&&doc| all.contains(doc)).count();
        total += all.len() as u64 - removed as u64;
        if ranking.needs_score() {
            rank_terms(word, ordinal, snapshot, segment, ranking)?;
            if !word.segments[ordinal].completions.is_none() {
                rank_alike(ordinal, segment, &all, word.rarity * PREFIX, ranking);
            }
        } else {
            rank_alike(ordinal, segment, &all, 0.0, ranking);
        }
    }
    Ok(total)
}

/// Ranks the documents that have a term, by its frequency in them.
fn rank_terms(
    word: &WordPlan,
    ordinal: usize,
    snapshot: &Snapshot,
    segment: &Segment,
    ranking: &mut Ranking,
) -> tantivy::Result<()> {
    let mut terms: Vec<_> = word.segments[ordinal].terms.iter().collect();
    terms.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    for term in terms {
        let weight = word.rarity * term.factor;
        if term.commonplace {
            rank_alike(ordinal, segment, &*term.set(segment)?, weight, ranking);
            continue;
        }
        let cursor = postings(segment, &term.info)?;
        let least = ranking.least_score();
        cursor.for_each_score(weight, snapshot.shares(), &segment.lengths, least, |doc, score| {
            // A better form may have brought the document already.
            if segment.is_alive(doc) && !ranking.contains(ordinal, doc) {
                ranking.consider(score, ordinal, doc, segment);
            }
            ranking.least_score()
        });
    }
    Ok(())
}

/// Ranks documents that are worth the same: the newest of them.
fn rank_alike(ordinal: usize, segment: &Segment, set: &BitSet, score: f32, ranking: &mut Ranking) {
    if ranking.least_score() > score {
        return;
    }
    // Either every member is looked at, or every document from the newest on until enough
    // members were met: whichever is less.
    let members = set.len().max(1);
    let until_enough = ranking.limit() * segment.newest_first.len() / members;
    if members > until_enough {
        rank_newest(ordinal, segment, ranking, score, |doc| set.contains(doc));
    } else {
        for_each(set, |doc| {
            if segment.is_alive(doc) && !ranking.contains(ordinal, doc) {
                ranking.consider(score, ordinal, doc, segment);
            }
        });
    }
}

fn rank_newest(
    ordinal: usize,
    segment: &Segment,
    ranking: &mut Ranking,
    score: f32,
    is_member: impl Fn(DocId) -> bool,
) {
    for &doc in segment.newest_first.iter() {
        if !is_member(doc) || !segment.is_alive(doc) || ranking.contains(ordinal, doc) {
            continue;
        }
        // Whoever comes later is older, and no better.
        if !ranking.consider(score, ordinal, doc, segment) {
            return;
        }
    }
}
