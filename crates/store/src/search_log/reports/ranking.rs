//! Candidates for the top queries, from prefixes of ranked lists.
//!
//! Fagin's threshold algorithm without random access: the counts in the prefixes bound a query's total from
//! below, and together with the remainders of the other lists from above. The result is exact: a query is
//! excluded only if enough others are certainly ahead of it.

use std::collections::HashMap;

/// The first queries of a ranked list, greatest count first.
#[derive(Clone, Debug, Default)]
pub(super) struct ListPrefix {
    pub(super) queries: Vec<(String, i64)>,
    /// The largest possible count of other queries in the list; 0 if there are none.
    pub(super) remainder: i64,
    /// True if all counts belong to the period; otherwise a part of each may.
    pub(super) is_within: bool,
}

/// The queries that may be among the first, including ties; `None` if longer prefixes are needed.
pub(super) fn candidates(prefixes: &[ListPrefix], first: usize) -> Option<Vec<&str>> {
    let unseen: i64 = prefixes.iter().map(|prefix| prefix.remainder).sum();
    // The lower bound, and the excess of the upper bound over that of an unseen query.
    let mut bounds: HashMap<&str, (i64, i64)> = HashMap::new();
    for prefix in prefixes {
        for (query, count) in &prefix.queries {
            let (lower, excess) = bounds.entry(query).or_default();
            *lower += if prefix.is_within { *count } else { 0 };
            *excess += count - prefix.remainder;
        }
    }
    let mut lower: Vec<i64> = bounds.values().map(|(lower, _)| *lower).collect();
    let threshold = match first.checked_sub(1) {
        Some(last) if last < lower.len() => *lower.select_nth_unstable_by(last, |a, b| b.cmp(a)).1,
        Some(_) => 0,
        None => return Some(Vec::new()),
    };
    if unseen > 0 && unseen >= threshold {
        return None;
    }
    let mut candidates: Vec<&str> = bounds
        .into_iter()
        .filter(|(_, (_, excess))| unseen + excess >= threshold)
        .map(|(query, _)| query)
        .collect();
    candidates.sort_unstable();
    Some(candidates)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Queries with their counts in the list and in the period.
    type List = BTreeMap<u8, (i64, i64)>;

    fn lists() -> impl Strategy<Value = Vec<(List, bool)>> {
        let count = prop_oneof![4 => 1..4_i64, 1 => 1..60_i64];
        let list = prop::collection::btree_map(0..40_u8, (count, 0..60_i64), 0..30);
        prop::collection::vec((list, prop::bool::weighted(0.8)), 0..8).prop_map(|lists| {
            lists
                .into_iter()
                .map(|(list, within)| {
                    let cut =
                        |(count, part): (i64, i64)| (count, if within { count } else { part.min(count) });
                    (list.into_iter().map(|(query, counts)| (query, cut(counts))).collect(), within)
                })
                .collect()
        })
    }

    fn prefix(list: &List, is_within: bool, depth: usize) -> ListPrefix {
        let mut queries: Vec<(String, i64)> =
            list.iter().map(|(query, (count, _))| (format!("{query:03}"), *count)).collect();
        queries.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let remainder = if queries.len() > depth { queries[depth - 1].1 } else { 0 };
        queries.truncate(depth);
        ListPrefix { queries, remainder, is_within }
    }

    fn leading(lists: &[(List, bool)], first: usize) -> Vec<String> {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for (query, (_, of_period)) in lists.iter().flat_map(|(list, _)| list) {
            *counts.entry(format!("{query:03}")).or_default() += of_period;
        }
        let mut all: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.into_iter().take(first).map(|(query, _)| query).collect()
    }

    proptest! {
        #[test]
        fn leading_queries_are_candidates(lists in lists(), first in 0..12_usize, depth in 1..40_usize) {
            let prefixes: Vec<ListPrefix> = lists.iter().map(|(list, is_within)| prefix(list, *is_within, depth)).collect();
            match candidates(&prefixes, first) {
                Some(candidates) => {
                    for query in leading(&lists, first) {
                        prop_assert!(candidates.contains(&query.as_str()), "{query} is not in {candidates:?}");
                    }
                }
                None => prop_assert!(depth < 40 && prefixes.iter().any(|prefix| prefix.remainder > 0)),
            }
        }
    }

    #[test]
    fn prefixes_suffice_for_a_clear_lead() {
        let list = |queries: &[(&str, i64)], remainder| ListPrefix {
            queries: queries.iter().map(|(query, count)| ((*query).to_owned(), *count)).collect(),
            remainder,
            is_within: true,
        };
        let prefixes =
            [list(&[("a", 90), ("b", 50), ("c", 5)], 5), list(&[("b", 80), ("a", 40), ("d", 6)], 6)];
        assert_eq!(candidates(&prefixes, 2).unwrap(), ["a", "b"]);
        // An unseen query may have the count of the third.
        assert_eq!(candidates(&prefixes, 3), None);
        // The same holds for a tie.
        assert_eq!(candidates(&[list(&[("b", 5)], 5)], 1), None);
        assert_eq!(candidates(&[list(&[("b", 5), ("a", 5)], 0)], 1).unwrap(), ["a", "b"]);
    }
}
