//! The conditions that documents of a scan meet.

use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Score, TERMINATED};

use super::bit_sets::SharedBitSet;
use super::scorers::UnitScorer;

/// A condition that each matching document meets.
pub(super) enum Clause {
    Unit(UnitScorer),
    AnyUnit(Box<UnitUnion>),
    /// A condition of a filter; does not affect scores.
    Filter(SharedBitSet),
    /// All documents, deleted ones as well, with a score of 0.
    MatchAll {
        doc: DocId,
        max_doc: DocId,
    },
}

impl Clause {
    /// Requires all units.
    pub(super) fn all(units: Vec<UnitScorer>) -> Vec<Self> {
        units.into_iter().map(Self::Unit).collect()
    }

    /// Requires all of some units; the others add to scores only.
    pub(super) fn all_beside(mut required: Vec<UnitScorer>, others: Vec<UnitScorer>) -> Vec<Self> {
        let rest = required.split_off(1.min(required.len()));
        let mut clauses = Self::any(required, others);
        clauses.extend(Self::all(rest));
        clauses
    }

    /// Requires one of the informative units; the others add to scores only.
    pub(super) fn any(informative: Vec<UnitScorer>, others: Vec<UnitScorer>) -> Vec<Self> {
        vec![Self::AnyUnit(Box::new(UnitUnion::new(informative, others)))]
    }
}

impl DocSet for Clause {
    fn doc(&self) -> DocId {
        match self {
            Self::Unit(unit) => unit.doc(),
            Self::AnyUnit(union) => union.doc,
            Self::Filter(set) => set.doc(),
            Self::MatchAll { doc, .. } => *doc,
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            Self::Unit(unit) => unit.advance(),
            other => other.seek(other.doc().saturating_add(1)),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Self::Unit(unit) => unit.seek(target),
            Self::AnyUnit(union) => union.seek(target),
            Self::Filter(set) => set.seek(target),
            Self::MatchAll { doc, max_doc } => {
                *doc = if target < *max_doc { target.max(*doc) } else { TERMINATED };
                *doc
            }
        }
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.cost()).unwrap_or(u32::MAX)
    }

    fn cost(&self) -> u64 {
        match self {
            Self::Unit(unit) => unit.cost(),
            Self::AnyUnit(union) => union.units.iter().map(UnitScorer::cost).sum(),
            Self::Filter(set) => set.cost(),
            Self::MatchAll { max_doc, .. } => u64::from(*max_doc),
        }
    }
}

impl Scorer for Clause {
    fn score(&mut self) -> Score {
        match self {
            Self::Unit(unit) => unit.score(),
            Self::AnyUnit(union) => {
                let doc = union.doc;
                let informative = union.units.iter_mut().filter(|unit| unit.doc() == doc);
                let others =
                    union.others.iter_mut().filter_map(|unit| (unit.seek(doc) == doc).then_some(unit));
                informative.chain(others).map(Scorer::score).sum()
            }
            Self::Filter(_) | Self::MatchAll { .. } => 0.0,
        }
    }
}

/// The documents of at least one unit; a document scores the sum of its units.
pub(super) struct UnitUnion {
    pub(super) units: Vec<UnitScorer>,
    /// Units that add to scores only.
    pub(super) others: Vec<UnitScorer>,
    doc: DocId,
}

impl UnitUnion {
    pub(super) fn new(units: Vec<UnitScorer>, others: Vec<UnitScorer>) -> Self {
        let doc = units.iter().map(UnitScorer::doc).min().unwrap_or(TERMINATED);
        Self { units, others, doc }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.doc = self.units.iter_mut().map(|unit| unit.seek(target)).min().unwrap_or(TERMINATED);
        self.doc
    }
}
