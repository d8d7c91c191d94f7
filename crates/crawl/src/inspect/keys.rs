//! The key in the members of unknown items.

use std::collections::HashSet;

use super::author::is_author;
use super::member::{Member, is_url};
use super::names::{normalized, rank};
use super::vocabulary::{AUTHORS, KEYS};
use crate::json::Json;

/// The rank of ids with names such as `message_id` among the names of keys.
const NAMED_ID: usize = 10;
/// The first words of the names of ids that are those of other things: `old_revision_id`, `client_msg_id`.
const RELATED: &[&str] =
    &["old", "prev", "next", "parent", "related", "original", "reply", "inreply", "root", "client", "last"];

/// Returns true if a member of each item has a different value.
pub(crate) fn is_unique(items: &[&Json], pointer: &str) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| item.pointer(pointer).is_some_and(|value| seen.insert(value.to_string())))
}

/// Finds the member that identifies an item: present in each, with a different value in each.
pub(super) fn find_key<'m, 'a>(
    members: &'m [Member<'a>],
    items: usize,
) -> Result<&'m Member<'a>, Vec<&'m Member<'a>>> {
    let is_complete =
        |member: &&Member<'a>| member.values.len() == items && !member.is_element && member.is_key_like();
    let complete: Vec<&Member<'a>> = members.iter().filter(is_complete).collect();
    let is_unique = |member: &&&Member<'a>| member.distinct() == items;
    let by_name = |member: &'m Member<'a>| {
        // Of several ids, that of the list's own items orders it.
        Some(((key_rank(member)?, member.path.len(), !is_ordered(member)), member))
    };
    let first = |members: &mut dyn Iterator<Item = &'m Member<'a>>| {
        members.filter_map(by_name).min_by_key(|(order, _)| *order).map(|(_, member)| member)
    };
    let own = || complete.iter().copied().filter(|member| member.is_own());
    let unique_own = || own().filter(|member| is_unique(&member));
    if let Some(member) = first(&mut unique_own()) {
        let is_end = |other: &&Member<'a>| is_end_of(other, member);
        return Ok(unique_own().find(is_end).unwrap_or(member));
    }
    // One item does not show which of its members differ.
    let unnamed: Vec<&Member<'a>> =
        unique_own().filter(|member| items > 1 && member.is_identifier() && is_own_id(member)).collect();
    match &unnamed[..] {
        [one] => return Ok(one),
        [] => {
            // Slack identifies messages by their time in microseconds.
            if let Some(member) = unique_own().find(|member| items > 1 && member.is_fraction()) {
                return Ok(member);
            }
            // Several items of one key: an error of the upstream, or a key of two members.
            if let Some(member) = first(&mut own()).filter(|member| member.distinct() * 2 > items) {
                return Ok(member);
            }
        }
        _ => {}
    }
    // The id of an object in an item may be that of another thing.
    let nested = complete.iter().copied().filter(|member| {
        !member.is_own() && is_unique(&member) && key_rank(member).is_some() && !is_author(member)
    });
    let others = unique_own().filter(|member| !member.is_date() && !is_author(member));
    let mut candidates: Vec<&Member<'a>> = Vec::new();
    for member in nested.chain(unnamed.iter().copied()).chain(others).chain(first(&mut own())) {
        if candidates.iter().all(|known| known.pointer != member.pointer) {
            candidates.push(member);
        }
    }
    Err(candidates)
}

/// Returns the position of a member among the names of keys.
pub(super) fn key_rank(member: &Member<'_>) -> Option<usize> {
    let name = member.name();
    let stem = ["uuid", "id"].iter().find_map(|suffix| name.strip_suffix(suffix));
    match rank(&name, KEYS) {
        Some(rank) => Some(rank),
        None if member.path.len() > 1 && normalized(member.path[0]) == "id" => Some(1),
        // `message_id` comes after `id`, but before `slug`. `user_id` is that of another thing, except for users.
        None => match stem? {
            "parent" => None,
            stem if is_related(stem) => None,
            stem if rank(stem, AUTHORS).is_some() => Some(KEYS.len()),
            _ => Some(NAMED_ID),
        },
    }
}

/// Returns true for the name of the id of another thing, without `id`.
fn is_related(stem: &str) -> bool {
    RELATED.iter().any(|word| stem.len() > word.len() && stem.starts_with(word))
}

/// Returns true unless a member identifies an author or another thing.
fn is_own_id(member: &Member<'_>) -> bool {
    let name = member.name();
    let is_of_other = ["uuid", "id"].iter().filter_map(|suffix| name.strip_suffix(suffix)).any(is_related);
    !is_author(member) && !is_of_other
}

/// Returns true for numbers that rise or fall from item to item.
fn is_ordered(member: &Member<'_>) -> bool {
    let number = |value: &&Json| match value {
        Json::Number(_) => value.as_i64(),
        value => value.as_str()?.parse().ok(),
    };
    let numbers: Vec<i64> = member.values.iter().filter_map(number).collect();
    let all = |fits: fn(&i64, &i64) -> bool| numbers.windows(2).all(|pair| fits(&pair[0], &pair[1]));
    numbers.len() == member.values.len() && (all(|one, next| one < next) || all(|one, next| one > next))
}

/// Returns true if the addresses of the items end with the values of a member, such as the DOI of a publication.
fn is_end_of(member: &Member<'_>, addresses: &Member<'_>) -> bool {
    let is_end = |(value, address): (&&Json, &&Json)| {
        let (Some(value), Some(address)) = (value.as_str(), address.as_str()) else { return false };
        is_url(address) && !is_url(value) && address.to_lowercase().ends_with(&value.to_lowercase())
    };
    is_own_id(member) && member.values.iter().zip(&addresses.values).all(is_end)
}

/// Returns the other members that are ids by their names, and as unique as the key.
pub(super) fn equal_keys<'m, 'a>(
    key: &Member<'a>,
    members: &'m [Member<'a>],
    items: usize,
) -> Vec<&'m Member<'a>> {
    let is_equal = |member: &&Member<'a>| {
        member.pointer != key.pointer
            && key_rank(member) == Some(NAMED_ID)
            && member.is_own()
            && !member.is_element
            && member.is_key_like()
            && member.values.len() == items
            && member.distinct() == items
    };
    if items < 2 || key_rank(key) != Some(NAMED_ID) {
        return Vec::new();
    }
    members.iter().filter(is_equal).collect()
}
