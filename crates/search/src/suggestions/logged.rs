//! Logged searches by prefix, the most frequent first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use quarry_domain::query_key;
use quarry_store::PopularSearch;

/// A logged search.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RankedSearch {
    key: String,
    /// The lengths of the parts of the key that words at the beginning of the text have.
    word_ends: Box<[usize]>,
    /// Its latest spelling.
    pub(super) text: String,
    /// The number of searches.
    pub(super) searches: i64,
}

impl RankedSearch {
    fn new(search: PopularSearch) -> Self {
        let PopularSearch { query_key: key, query: text, searches } = search;
        // Keys have no white space.
        let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
        let parts = ends.map(|end| query_key(&text[..end])).filter(|part| key.starts_with(part));
        let word_ends = parts.map(|part| part.len()).chain([key.len()]).collect();
        Self { key, word_ends, text, searches }
    }
}

/// Logged searches, sorted by key, with a segment tree of their ranks.
///
/// A prefix is a range of keys, and the tree yields the best ranks of a range.
#[derive(Debug, Default)]
pub(super) struct LoggedSearches {
    searches: Vec<RankedSearch>,
    /// The best rank below each node; the leaves are the searches.
    ///
    /// The children of node `n` are `2n` and `2n + 1`.
    ranks: Vec<u32>,
}

impl LoggedSearches {
    /// Sorts and ranks searches with distinct keys; ties go to the smaller key.
    pub(super) fn new(popular: impl IntoIterator<Item = PopularSearch>) -> Self {
        let mut searches: Vec<RankedSearch> = popular.into_iter().map(RankedSearch::new).collect();
        searches.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut best: Vec<usize> = (0..searches.len()).collect();
        // A stable sort of indexes in the order of keys.
        best.sort_by_key(|&at| Reverse(searches[at].searches));
        let mut ranks = vec![u32::MAX; searches.len() * 2];
        for (rank, at) in (0..).zip(best) {
            ranks[searches.len() + at] = rank;
        }
        for node in (1..searches.len()).rev() {
            ranks[node] = ranks[2 * node].min(ranks[2 * node + 1]);
        }
        Self { searches, ranks }
    }

    /// Returns the searches that begin with a key, best first; with `is_word`, only those that begin with its words.
    pub(super) fn beginning_with(&self, key: &str, is_word: bool) -> impl Iterator<Item = &RankedSearch> {
        self.with_prefix(key).filter(move |search| !is_word || search.word_ends.contains(&key.len()))
    }

    /// Returns the searches with a prefix, best first; each takes logarithmic time.
    fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = &RankedSearch> {
        let mut low = self.searches.partition_point(|search| search.key.as_str() < prefix);
        let within = self.searches[low..].partition_point(|search| search.key.starts_with(prefix));
        let mut high = low + within;
        let mut heap = BinaryHeap::new();
        let mut push = |node: usize| heap.push(Reverse((self.ranks[node], node)));
        low += self.searches.len();
        high += self.searches.len();
        // The smallest set of nodes that covers the range.
        while low < high {
            if low % 2 == 1 {
                push(low);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                push(high);
            }
            low /= 2;
            high /= 2;
        }
        std::iter::from_fn(move || {
            loop {
                let Reverse((_, node)) = heap.pop()?;
                if let Some(leaf) = node.checked_sub(self.searches.len()) {
                    return Some(&self.searches[leaf]);
                }
                for child in [2 * node, 2 * node + 1] {
                    heap.push(Reverse((self.ranks[child], child)));
                }
            }
        })
    }

    pub(super) fn len(&self) -> usize {
        self.searches.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_prefix_finds_what_brute_force_finds(
            counts in proptest::collection::btree_map("[abé]{0,4}", 0_i64..6, 0..60),
            prefix in "[abé]{0,3}",
        ) {
            let counts: BTreeMap<String, i64> = counts;
            let searches = LoggedSearches::new(counts.iter().map(|(key, &searches)| PopularSearch {
                query: key.to_uppercase(),
                query_key: key.clone(),
                searches,
            }));
            prop_assert_eq!(searches.len(), counts.len());
            let mut expected: Vec<(i64, &str)> = counts
                .iter()
                .filter(|(key, _)| key.starts_with(&prefix))
                .map(|(key, &searches)| (-searches, key.as_str()))
                .collect();
            expected.sort_unstable();
            let found: Vec<(i64, &str)> = searches
                .with_prefix(&prefix)
                .map(|logged| (-logged.searches, logged.key.as_str()))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
