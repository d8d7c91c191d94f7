//! The parts of the engine that a search uses.

use super::indexes::Indexes;
use super::vocabulary::Vocabulary;
use crate::indexed_sources::IndexedSources;
use crate::rules::Rulebook;

/// The parts of the engine that a search uses.
pub(super) struct ClusterSearcher<'a> {
    pub(super) indexes: &'a Indexes,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) sources: &'a IndexedSources,
    pub(super) rulebook: &'a Rulebook,
    pub(super) sufficient_hits: u64,
}
