//! Logged searches, found by their beginning, the most frequent first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use quarry_store::PopularSearch;

/// A logged search that may be suggested.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Logged {
    key: String,
    /// Its latest spelling.
    pub(super) text: String,
    /// How often it was searched for.
    pub(super) searches: i64,
}

/// Logged searches in the order of their keys, so that those of one beginning are a range, and
/// over them a tree that knows the best of every part of that order.
#[derive(Debug, Default)]
pub(super) struct LoggedSearches {
    searches: Vec<Logged>,
    /// A heap-shaped binary tree: the children of `n` are `2n` and `2n + 1`, the leaves are the
    /// searches, and each node holds the best rank below it.
    ranks: Vec<u32>,
}

impl LoggedSearches {
    /// Of searches with a key each of its own, in any order. Most searched is best, ties go to the
    /// smaller key.
    pub(super) fn new(popular: impl IntoIterator<Item = PopularSearch>) -> Self {
        let mut searches: Vec<Logged> = popular
            .into_iter()
            .map(|search| Logged { key: search.query_key, text: search.query, searches: search.searches })
            .collect();
        searches.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut best: Vec<usize> = (0..searches.len()).collect();
        // Stable, and in the order of keys to begin with.
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

    /// Those whose key begins so, best first: each costs the logarithm of how many there are.
    pub(super) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = &Logged> {
        let mut low = self.searches.partition_point(|search| search.key.as_str() < prefix);
        let within = self.searches[low..].partition_point(|search| search.key.starts_with(prefix));
        let mut high = low + within;
        let mut heap = BinaryHeap::new();
        let mut push = |node: usize| heap.push(Reverse((self.ranks[node], node)));
        low += self.searches.len();
        high += self.searches.len();
        // The fewest nodes that the range consists of.
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

    /// How many there are.
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
        fn a_beginning_finds_what_brute_force_finds(
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
                .beginning_with(&prefix)
                .map(|logged| (-logged.searches, logged.key.as_str()))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
