//! A matching document with the key that ranks it.

use tantivy::DocId;

use super::super::cursor::SortKey;

/// A document with its sort key.
#[derive(Clone, Debug)]
pub(super) struct RankedDoc {
    /// The ordinal of its segment.
    pub(super) segment: usize,
    pub(super) doc: DocId,
    pub(super) key: SortKey,
    /// The other documents with its value of a distinct field.
    pub(super) collapsed: u64,
}
