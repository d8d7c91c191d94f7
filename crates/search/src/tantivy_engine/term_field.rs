//! The fields of the index that contain terms.

use tantivy::InvertedIndexReader;

use super::segment::IndexSegment;

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

impl TermField {
    pub(super) fn index(self, segment: &IndexSegment) -> &InvertedIndexReader {
        match self {
            Self::Words => &segment.words,
            Self::Prefixes => &segment.prefixes,
            Self::Title => &segment.title,
            Self::TitlePrefixes => &segment.title_prefixes,
            Self::Suffixes => &segment.suffixes,
            Self::Whole => &segment.whole,
            Self::Weighted(at) => &segment.weighted[at],
        }
    }
}
