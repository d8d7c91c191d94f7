//! Which queries may lead, of many lists of which only the heads were read.
//!
//! Fagin's threshold algorithm without random access: what is seen in some lists bounds a query's
//! count from below, and together with what may be left in the others from above. No estimate: a
//! query is only left out where so many others are certainly ahead of it.

use std::collections::HashMap;

/// The beginning of a list of queries, greatest count first.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) queries: Vec<(String, i64)>,
    /// The most that a query has here that is not among these; none: there is no such query.
    pub(super) rest: i64,
    /// Every count is one of the period; of other lists, a part of it may be.
    pub(super) within: bool,
}

/// Whichever queries can be among the first ones, ties included; `None`: read more of the lists to
/// know.
pub(super) fn candidates(heads: &[Head], first: usize) -> Option<Vec<&str>> {
    let unseen: i64 = heads.iter().map(|head| head.rest).sum();
    // At least, and at most beyond what any query may have that is in no head.
    let mut bounds: HashMap<&str, (i64, i64)> = HashMap::new();
    for head in heads {
        for (query, count) in &head.queries {
            let (least, more) = bounds.entry(query).or_default();
            *least += if head.within { *count } else { 0 };
            *more += count - head.rest;
        }
    }
    let mut least: Vec<i64> = bounds.values().map(|(least, _)| *least).collect();
    let threshold = match first.checked_sub(1) {
        Some(last) if last < least.len() => *least.select_nth_unstable_by(last, |a, b| b.cmp(a)).1,
        Some(_) => 0,
        None => return Some(Vec::new()),
    };
    if unseen > 0 && unseen >= threshold {
        return None;
    }
    let mut candidates: Vec<&str> = bounds
        .into_iter()
        .filter(|(_, (_, more))| unseen + more >= threshold)
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

    /// Queries and their counts: all of the list, and those of the period.
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

    fn head(list: &List, within: bool, depth: usize) -> Head {
        let mut queries: Vec<(String, i64)> =
            list.iter().map(|(query, (count, _))| (format!("{query:03}"), *count)).collect();
        queries.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let rest = if queries.len() > depth { queries[depth - 1].1 } else { 0 };
        queries.truncate(depth);
        Head { queries, rest, within }
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
        fn whoever_leads_is_a_candidate(lists in lists(), first in 0..12_usize, depth in 1..40_usize) {
            let heads: Vec<Head> = lists.iter().map(|(list, within)| head(list, *within, depth)).collect();
            match candidates(&heads, first) {
                Some(candidates) => {
                    for query in leading(&lists, first) {
                        prop_assert!(candidates.contains(&query.as_str()), "{query} is not in {candidates:?}");
                    }
                }
                None => prop_assert!(depth < 40 && heads.iter().any(|head| head.rest > 0)),
            }
        }
    }

    #[test]
    fn a_clear_lead_needs_no_more_than_the_heads() {
        let list = |queries: &[(&str, i64)], rest| Head {
            queries: queries.iter().map(|(query, count)| ((*query).to_owned(), *count)).collect(),
            rest,
            within: true,
        };
        let heads = [list(&[("a", 90), ("b", 50), ("c", 5)], 5), list(&[("b", 80), ("a", 40), ("d", 6)], 6)];
        assert_eq!(candidates(&heads, 2).unwrap(), ["a", "b"]);
        // What was not seen may have as many as the third.
        assert_eq!(candidates(&heads, 3), None);
        // And so it may when it only ties.
        assert_eq!(candidates(&[list(&[("b", 5)], 5)], 1), None);
        assert_eq!(candidates(&[list(&[("b", 5), ("a", 5)], 0)], 1).unwrap(), ["a", "b"]);
    }
}
