//! Keyset cursors: a page continues after the sort key of a hit.
//!
//! Pages join without gaps while the index changes.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::request::SearchSort;

/// The sort key of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SortKey {
    /// The rank of the tier that found the document.
    pub(crate) tier: u8,
    /// Relevance; 0 in searches sorted by time.
    pub(crate) score: f32,
    /// Microseconds since 1970; `None` comes last.
    pub(crate) published_at: Option<i64>,
    /// The document's id as a number.
    pub(crate) id: u128,
}

/// Continues a search after a hit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchCursor {
    sort: SearchSort,
    /// The rank of the last tier of the answer.
    pub(crate) depth: u8,
    pub(crate) key: SortKey,
    /// The number of hits up to here, pinned ones included; 0 if none is pinned.
    pub(crate) shown: u32,
}

impl SearchCursor {
    pub(crate) fn new(sort: SearchSort, depth: u8, key: SortKey) -> Self {
        Self { sort, depth, key, shown: 0 }
    }

    /// Creates a cursor before the first hit.
    pub(crate) fn start(sort: SearchSort, depth: u8) -> Self {
        let latest = if sort == SearchSort::Oldest { i64::MIN } else { i64::MAX };
        Self::new(sort, depth, SortKey { tier: 0, score: f32::MAX, published_at: Some(latest), id: 0 })
    }

    /// Returns the cursor with the number of hits up to it.
    pub(crate) fn after_hits(self, shown: u32) -> Self {
        Self { shown, ..self }
    }

    /// Returns the cursor as opaque text.
    pub fn encode(&self) -> String {
        let bytes = postcard::to_stdvec(self).unwrap_or_default();
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Decodes a cursor of a search with this sort.
    pub(crate) fn decode(text: &str, sort: SearchSort) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (cursor, rest) = postcard::take_from_bytes::<Self>(&bytes).ok()?;
        let is_valid = rest.is_empty() && cursor.sort == sort && cursor.key.score.is_finite();
        is_valid.then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_others_are_rejected() {
        let key = SortKey { tier: 1, score: 3.25, published_at: Some(-7), id: u128::MAX - 1 };
        let cursor = SearchCursor::new(SearchSort::Relevance, 2, key).after_hits(300);
        let text = cursor.encode();
        assert_eq!(SearchCursor::decode(&text, SearchSort::Relevance), Some(cursor));
        assert_eq!(SearchCursor::decode(&text, SearchSort::Newest), None);
        assert_eq!(SearchCursor::decode(&text[1..], SearchSort::Relevance), None);
        for garbage in ["", "x", "%%%", "AAAA", "ééé"] {
            assert_eq!(SearchCursor::decode(garbage, SearchSort::Relevance), None, "{garbage}");
        }
    }
}
