//! The fields of the index that contain terms.

/// The field that contains the terms of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TermField {
    Words,
    Prefixes,
    Title,
    TitlePrefixes,
    Suffixes,
    Whole,
    /// Those of a field with a weight, by its index in the schema.
    Weighted(usize),
}
