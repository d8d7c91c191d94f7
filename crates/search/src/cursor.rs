//! Keyset cursors: the sort key of a hit, so that a page goes on where the last one ended even
//! while the index changes.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::request::SearchSort;

/// Where a hit stands in the order of its search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SortKey {
    /// Relevance; 0 in searches that are sorted by time.
    pub(crate) score: f32,
    /// Microseconds since 1970; `None` comes last.
    pub(crate) published_at: Option<i64>,
    /// The document's id, as a number.
    pub(crate) id: u128,
}

/// Continues a search after a hit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    sort: u8,
    /// The answer that the cursor comes from was found with any of the words.
    pub(crate) relaxed: bool,
    pub(crate) key: SortKey,
}

impl Cursor {
    pub(crate) fn new(sort: SearchSort, relaxed: bool, key: SortKey) -> Self {
        Self { sort: sort_code(sort), relaxed, key }
    }

    /// The cursor as clients see it.
    pub fn encode(&self) -> String {
        let bytes = postcard::to_stdvec(self).unwrap_or_default();
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Reads a cursor of a search with this sort.
    pub(crate) fn decode(text: &str, sort: SearchSort) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (cursor, rest) = postcard::take_from_bytes::<Self>(&bytes).ok()?;
        let usable = rest.is_empty() && cursor.sort == sort_code(sort) && cursor.key.score.is_finite();
        usable.then_some(cursor)
    }
}

fn sort_code(sort: SearchSort) -> u8 {
    match sort {
        SearchSort::Relevance => 0,
        SearchSort::Newest => 1,
        SearchSort::Oldest => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_journey_and_strangers_do_not() {
        let key = SortKey { score: 3.25, published_at: Some(-7), id: u128::MAX - 1 };
        let cursor = Cursor::new(SearchSort::Relevance, true, key);
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text, SearchSort::Relevance), Some(cursor));
        assert_eq!(Cursor::decode(&text, SearchSort::Newest), None);
        assert_eq!(Cursor::decode(&text[1..], SearchSort::Relevance), None);
        for garbage in ["", "x", "%%%", "AAAA", "ééé"] {
            assert_eq!(Cursor::decode(garbage, SearchSort::Relevance), None, "{garbage}");
        }
    }
}
