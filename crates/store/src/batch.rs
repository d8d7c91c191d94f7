//! Statements of a bounded size.

use uuid::Uuid;

/// Ids in one statement. The smallest limit of the three databases is SQLite's, of 32,766
/// parameters; a deletion spends three on each id.
pub(super) const IDS: usize = 512;

/// Splits ids into lists for `IN (…)`, each of a length that is a power of two: the last id
/// repeats until it is. Databases and drivers keep prepared statements by their text, and this
/// way there are ten texts of a query instead of one for each number of ids.
pub(super) fn id_lists(ids: &[Uuid]) -> impl Iterator<Item = Vec<Uuid>> {
    ids.chunks(IDS).map(|chunk| {
        let mut list = chunk.to_vec();
        list.resize(chunk.len().next_power_of_two(), chunk[chunk.len() - 1]);
        list
    })
}

/// Cuts a list into batches of at most `max_items` whose sizes sum up to at most `max_size`,
/// where a single item is not larger than that already.
pub(super) fn batches<T>(
    items: Vec<T>,
    max_items: usize,
    max_size: usize,
    size: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut room = 0;
    for item in items {
        let need = size(&item);
        match batches.last_mut() {
            Some(batch) if batch.len() < max_items && need <= room => {
                room -= need;
                batch.push(item);
            }
            _ => {
                room = max_size.saturating_sub(need);
                batches.push(vec![item]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_padded_to_powers_of_two() {
        let ids: Vec<Uuid> = (0..IDS as u128 + 3).map(Uuid::from_u128).collect();
        let lists: Vec<Vec<Uuid>> = id_lists(&ids).collect();
        assert_eq!(lists[0], &ids[..IDS]);
        assert_eq!(lists[1], [&ids[IDS..], &ids[IDS + 2..]].concat());
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
