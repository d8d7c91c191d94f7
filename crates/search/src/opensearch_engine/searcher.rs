//! The parts of the engine that a search uses.

use super::copies::Copies;
use super::plan::{ClausePlanner, ClusterLookup};
use super::vocabulary::{Vocabulary, WordNotes};
use super::word_terms::ClauseField;
use crate::field_bonus::FieldBonus;
use crate::filter::DocumentFilter;
use crate::indexed_sources::IndexedSources;
use crate::rules::Rulebook;

/// The parts of the engine that a search uses.
pub(super) struct ClusterSearcher<'a> {
    pub(super) copies: Copies<'a>,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) sources: &'a IndexedSources,
    pub(super) rulebook: &'a Rulebook,
    /// The fields whose matches add to scores.
    pub(super) bonuses: &'a [FieldBonus<ClauseField>],
    pub(super) sufficient_hits: u64,
}

impl ClusterSearcher<'_> {
    /// Returns the planner of queries within a filter.
    pub(super) fn planner<'n>(
        &'n self,
        notes: &'n WordNotes<'n>,
        filter: &'n DocumentFilter,
        marks: bool,
    ) -> ClausePlanner<'n> {
        let languages = self.vocabulary.languages.within(filter);
        let lookup = ClusterLookup { notes, languages, bonuses: self.bonuses };
        ClausePlanner { lookup, rulebook: self.rulebook, filter, marks }
    }
}
