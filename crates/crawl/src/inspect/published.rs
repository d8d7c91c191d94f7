//! The date of publication in the members of unknown items.

use super::author::is_author;
use super::member::{Member, first_ranked, is_wrapper};
use super::names::{normalized, rank};
use super::vocabulary::{DATES, INNER};

/// The number of the first names of dates that other values do not have.
const SPECIFIC_DATES: usize = 26;
/// Parts of the names of dates in the order of preference: of publication, of creation, and of changes.
const PARTS: [&[&str]; 3] = [
    &["publi", "posted", "sent", "issued", "released"],
    &["creat", "added", "submit", "opened", "registered", "received", "recorded", "indexed", "first"],
    &["updat", "modif", "chang", "edit", "last", "seen", "activity"],
];
/// Parts of the names of dates that lie in the future, or tell of something else.
const OTHERS: &[&str] = &[
    "due", "until", "valid", "delet", "birth", "next", "renew", "cancel", "archiv", "closed", "login",
    "trial", "end", "start",
];
/// The ends of the names of dates.
const ENDS: &[&str] = &["date", "time", "timestamp", "at", "on"];
/// Names of objects around dates, beside those of dates.
const AROUND: &[&str] = &["history", "audit", "dates", "times", "timestamps"];

/// Finds the date of publication: by a known name, or else by parts of the name of dates in most items.
pub(super) fn find_published<'m, 'a>(members: &'m [Member<'a>], items: usize) -> Option<&'m Member<'a>> {
    let known = members.iter().filter(|member| member.is_own() && member.is_date());
    first_ranked(known, |member| rank(&member.name(), DATES)).or_else(|| {
        let dates = members.iter().filter(|member| is_readable(member, items));
        first_ranked(dates, rank_of_parts)
    })
}

/// Returns the members with a certain name of a date and values that are not readable.
pub(super) fn unreadable_dates<'m, 'a>(members: &'m [Member<'a>]) -> Vec<&'m Member<'a>> {
    let is_unreadable = |member: &&Member<'a>| {
        let is_named = rank(&member.name(), &DATES[..SPECIFIC_DATES]).is_some();
        member.is_own() && is_named && member.is_text() && !member.is_date()
    };
    members.iter().filter(is_unreadable).collect()
}

/// Returns the members that are dates, whatever their names say.
pub(super) fn other_dates<'m, 'a>(members: &'m [Member<'a>], items: usize) -> Vec<&'m Member<'a>> {
    members.iter().filter(|member| is_readable(member, items) && member.is_text()).collect()
}

/// Returns true for a date in most items, which is not that of an author or of another object.
fn is_readable(member: &Member<'_>, items: usize) -> bool {
    let around = &member.path[..member.path.len() - 1];
    let is_around = |name: &&str| {
        let plain = normalized(name);
        let is_date = PARTS.iter().any(|parts| parts.iter().any(|part| plain.starts_with(part)));
        is_wrapper(name) || is_date || [AROUND, INNER].iter().any(|names| rank(&plain, names).is_some())
    };
    member.is_only_dates()
        && member.values.len() * 2 > items
        && !member.is_element
        && !is_author(member)
        && around.iter().all(is_around)
}

/// Returns the rank of a date by the parts of its name and of those around it.
fn rank_of_parts(member: &Member<'_>) -> Option<usize> {
    let names: Vec<String> = member.path.iter().map(|name| normalized(name)).collect();
    let has = |parts: &[&str]| names.iter().any(|name| parts.iter().any(|part| name.contains(part)));
    let is_other = |name: &String| name.contains("expir") || OTHERS.iter().any(|part| name.starts_with(part));
    if names.iter().any(is_other) {
        return None;
    }
    let by_part = PARTS.iter().position(|parts| has(parts));
    let is_named = || {
        let name = member.name();
        // Numbers of other kinds have such names as well: `duration`.
        member.is_text() && ENDS.iter().any(|end| name.len() > end.len() && name.ends_with(end))
    };
    by_part.or_else(|| is_named().then_some(PARTS.len()))
}
