//! Searches for several words that are all frequent: counted by intersecting sets, and ranked
//! from the newest document on, so that the many documents that are worth the same are not all
//! looked at.

use std::sync::Arc;

use tantivy::DocId;
use tantivy_common::BitSet;

use super::postings::UnitCursor;
use super::ranking::Ranking;
use super::sets::{for_each, for_each_common};
use super::snapshot::{Segment, Snapshot};

/// The rarest unit's documents from which on this pays.
const MANY_DOCUMENTS: u64 = 8_192;

/// Units whose documents are sets.
pub(super) struct FrequentUnits {
    units: Vec<FrequentUnit>,
}

/// A unit whose documents are sets: in each document it is worth one of a few weights, or, in the
/// few that are `scored`, what its frequency there makes of it.
#[derive(Default)]
pub(super) struct FrequentUnit {
    /// Its documents are those of all of these; best first.
    pub(super) members: Vec<WeightedSet>,
    /// Documents among those that are worth more; best first.
    pub(super) better: Vec<WeightedSet>,
    /// Documents among those that are worth what their frequencies say.
    pub(super) scored: Vec<DocId>,
}

/// Documents that are worth the same.
pub(super) struct WeightedSet {
    pub(super) set: Arc<BitSet>,
    pub(super) weight: f32,
}

impl FrequentUnit {
    fn contains(&self, doc: DocId) -> bool {
        self.members.iter().any(|member| member.set.contains(doc))
    }

    fn weight_of(&self, doc: DocId) -> f32 {
        let best = self.better.iter().chain(&self.members).find(|known| known.set.contains(doc));
        best.map_or(0.0, |best| best.weight)
    }

    fn bound(&self) -> f32 {
        self.better.iter().chain(&self.members).map(|known| known.weight).fold(0.0, f32::max)
    }
}

impl FrequentUnits {
    /// `None` where a unit is rare enough to lead through its few documents.
    pub(super) fn of(units: &[UnitCursor], documents: u64, max_doc: DocId) -> Option<Self> {
        if units.len() < 2 || units.iter().any(|unit| unit.size < MANY_DOCUMENTS.min(documents)) {
            return None;
        }
        let units = units.iter().map(|unit| unit.as_frequent(max_doc)).collect::<Option<Vec<_>>>()?;
        Some(Self { units })
    }

    fn contains(&self, doc: DocId) -> bool {
        self.units.iter().all(|unit| unit.contains(doc))
    }

    /// How many live documents match.
    pub(super) fn count(&self, segment: &Segment) -> u64 {
        let mut count = 0;
        let sets: Vec<Vec<&BitSet>> = self
            .units
            .iter()
            .map(|unit| unit.members.iter().map(|member| member.set.as_ref()).collect())
            .collect();
        for_each_common(&sets, segment.reader.max_doc(), |docs| count += u64::from(docs.len()));
        let removed = segment.removed.iter().filter(|&&doc| self.contains(doc)).count();
        count - removed as u64
    }

    /// Adds the matching documents that have to be scored one by one.
    pub(super) fn add_scored(&self, scored: &mut BitSet) {
        for unit in &self.units {
            for &doc in unit.scored.iter().filter(|&&doc| self.contains(doc)) {
                scored.insert(doc);
            }
        }
    }

    /// Ranks every document that is not among `scored`.
    pub(super) fn rank_others(
        &self,
        scored: &BitSet,
        ordinal: usize,
        segment: &Segment,
        ranking: &mut Ranking,
    ) {
        let needs_score = ranking.needs_score();
        let bound = if needs_score { self.units.iter().map(FrequentUnit::bound).sum() } else { 0.0 };
        if ranking.least_score() > bound {
            return;
        }
        for &doc in segment.newest_first.iter() {
            if !self.contains(doc) || scored.contains(doc) || !segment.is_alive(doc) {
                continue;
            }
            let score =
                if needs_score { self.units.iter().map(|unit| unit.weight_of(doc)).sum() } else { 0.0 };
            // Whoever comes later is older, and worth no more than the bound.
            if !ranking.consider(score, ordinal, doc, segment) && ranking.least_score() >= bound {
                return;
            }
        }
    }
}

/// Ranks the documents of a set by their score.
pub(super) fn rank_scored(
    scored: &BitSet,
    ordinal: usize,
    snapshot: &Snapshot,
    segment: &Segment,
    units: &mut [UnitCursor],
    ranking: &mut Ranking,
) {
    for_each(scored, |doc| {
        if !segment.is_alive(doc) {
            return;
        }
        let mut score = 0.0;
        for unit in units.iter_mut() {
            unit.seek(doc);
            score += unit.score(snapshot, segment);
        }
        ranking.consider(score, ordinal, doc, segment);
    });
}
