//! The edits between two texts. Pure.

/// Returns true if two adjacent letters are swapped, and nothing else differs.
pub(super) fn is_swap(one: &[&str], other: &[&str]) -> bool {
    let mut different = (0..one.len()).filter(|at| one[*at] != other[*at]);
    let (first, second, third) = (different.next(), different.next(), different.next());
    matches!((first, second, third), (Some(a), Some(b), None)
        if b == a + 1 && one[a] == other[b] && one[b] == other[a])
}

/// Returns true if the optimal string alignment distance is at most `edits`.
///
/// Tries each edit only at the first difference, so the cost is a few passes over the texts.
pub(super) fn is_within<T: PartialEq>(one: &[T], other: &[T], edits: usize) -> bool {
    if one.len().abs_diff(other.len()) > edits {
        return false;
    }
    let shared = shared_prefix(one, other);
    let (one, other) = (&one[shared..], &other[shared..]);
    let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) else {
        return true;
    };
    if edits == 0 {
        return false;
    }
    let is_swap = one_rest.first() == Some(second) && other_rest.first() == Some(first);
    is_within(one_rest, other_rest, edits - 1)
        || is_within(one_rest, other, edits - 1)
        || is_within(one, other_rest, edits - 1)
        || is_swap && is_within(&one_rest[1..], &other_rest[1..], edits - 1)
}

/// The length of the common prefix.
pub(super) fn shared_prefix<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// The length of the common suffix.
pub(super) fn shared_suffix<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}
