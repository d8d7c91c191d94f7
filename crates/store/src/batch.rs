//! Statements of bounded sizes, and their unions.

use sea_orm::sea_query::{SelectStatement, UnionType};
use uuid::Uuid;

/// Ids in one statement: SQLite takes 32,766 parameters, and a deletion needs three for each id.
pub(super) const STATEMENT_IDS: usize = 512;
/// Text in one statement in bytes, below the smallest default of MySQL's packets (4 MiB).
pub(super) const STATEMENT_BYTES: usize = 2 << 20;

/// Splits ids into lists for `IN (…)`, padded to lengths that are powers of two.
///
/// The last id is repeated. Databases and drivers cache prepared statements by their text: a query has
/// ten texts instead of 512.
pub(super) fn id_lists(ids: &[Uuid]) -> impl Iterator<Item = Vec<Uuid>> {
    ids.chunks(STATEMENT_IDS).map(|chunk| {
        let mut list = chunk.to_vec();
        list.resize(chunk.len().next_power_of_two(), chunk[chunk.len() - 1]);
        list
    })
}

/// Splits a list into batches of at most `max_items`, and at most `max_size` in total.
///
/// A larger item has a batch of its own.
pub(super) fn batches<T>(
    items: Vec<T>,
    max_items: usize,
    max_size: usize,
    size: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut remaining = 0;
    for item in items {
        let need = size(&item);
        match batches.last_mut() {
            Some(batch) if batch.len() < max_items && need <= remaining => {
                remaining -= need;
                batch.push(item);
            }
            _ => {
                remaining = max_size.saturating_sub(need);
                batches.push(vec![item]);
            }
        }
    }
    batches
}

/// Combines selections by `UNION ALL`; `None` without any.
pub(super) fn union_all(selects: impl IntoIterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let mut selects = selects.into_iter();
    let mut first = selects.next()?;
    first.unions(selects.map(|other| (UnionType::All, other)));
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_padded_to_powers_of_two() {
        let ids: Vec<Uuid> = (0..STATEMENT_IDS as u128 + 3).map(Uuid::from_u128).collect();
        let lists: Vec<Vec<Uuid>> = id_lists(&ids).collect();
        assert_eq!(lists[0], &ids[..STATEMENT_IDS]);
        assert_eq!(lists[1], [&ids[STATEMENT_IDS..], &ids[STATEMENT_IDS + 2..]].concat());
        assert_eq!(lists.len(), 2);
        assert_eq!(id_lists(&[]).count(), 0);
    }

    #[test]
    fn batches_are_bounded_by_number_and_by_size() {
        let cut = |sizes: Vec<usize>| batches(sizes, 3, 10, |size| *size);
        assert_eq!(cut(vec![1, 1, 1, 1]), [vec![1, 1, 1], vec![1]]);
        assert_eq!(cut(vec![5, 5, 1]), [vec![5, 5], vec![1]]);
        assert_eq!(cut(vec![11, 1]), [vec![11], vec![1]]);
        assert_eq!(cut(vec![1, 99, 1]), [vec![1], vec![99], vec![1]]);
        assert!(cut(vec![]).is_empty());
    }
}
