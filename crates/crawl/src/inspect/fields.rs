//! The fields of a document in the members of unknown items.

use std::collections::HashSet;

use super::member::{Member, is_url, is_wrapper, members};
use super::names::{normalized, rank};
use super::vocabulary::{AUTHOR_KEYS, AUTHOR_NAMES, AUTHORS, CATEGORIES, DATES, KEYS, TEXTS, TITLES};
use crate::json::Json;

/// The number of inspected items.
const MAX_ITEMS: usize = 200;
/// The number of candidates for an unclear field.
const MAX_CANDIDATES: usize = 4;
/// The number of items whose equal values are not the text of any.
const CONSTANT_ITEMS: usize = 3;
/// The mean length in characters of titles at most.
const MAX_TITLE: f64 = 150.0;
/// The length of a text in characters that makes prose likely.
const PROSE: f64 = 40.0;

/// The members that are likely fields, as pointers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldGuesses {
    /// The key of an item.
    pub(crate) key: Option<FieldGuess>,
    /// The text.
    pub(crate) text: Option<FieldGuess>,
    /// The title.
    pub(crate) title: Option<FieldGuess>,
    /// The category.
    pub(crate) category: Option<FieldGuess>,
    /// The key of the author.
    pub(crate) author_key: Option<FieldGuess>,
    /// The name of the author.
    pub(crate) author_name: Option<FieldGuess>,
    /// The publication date.
    pub(crate) published_at: Option<FieldGuess>,
    /// The members that may be the key, if none is certain, the likeliest first.
    pub(crate) key_candidates: Vec<String>,
    /// The members that may be the text, if none is certain.
    pub(crate) text_candidates: Vec<String>,
    /// Members with the name of a date and values that are not readable.
    pub(crate) unreadable_dates: Vec<String>,
}

/// A likely field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldGuess {
    /// The pointer to it.
    pub(crate) pointer: String,
    /// The number of inspected items that have it.
    pub(crate) items: usize,
    /// The number of inspected items.
    pub(crate) of: usize,
    /// The text contains HTML.
    pub(crate) is_html: bool,
}

/// Guesses the fields of items; without a key if the items are members of an object, whose names identify them.
pub(crate) fn guess_fields(items: &[&Json], is_keyed: bool) -> FieldGuesses {
    let items = &items[..items.len().min(MAX_ITEMS)];
    let members = members(items);
    let guess = |member: &Member<'_>| FieldGuess {
        pointer: member.pointer.clone(),
        items: member.values.len(),
        of: items.len(),
        is_html: member.texts().any(is_html),
    };
    let (key, key_candidates) = match find_key(&members, items.len()) {
        _ if is_keyed => (None, Vec::new()),
        Ok(key) => (Some(key), Vec::new()),
        Err(candidates) => (None, pointers(&candidates)),
    };
    let dates: Vec<&Member<'_>> = members.iter().filter(|member| member.is_own()).collect();
    let published = dates
        .iter()
        .filter(|member| member.is_date())
        .filter_map(|member| Some((rank(&member.name(), DATES)?, member.path.len(), *member)))
        .min_by_key(|(rank, depth, _)| (*rank, *depth))
        .map(|(.., member)| member);
    let unreadable = |member: &&&Member<'_>| {
        // Names that other values have as well are left out.
        let is_named = rank(&member.name(), &DATES[..26]).is_some();
        is_named && member.is_text() && !member.is_date()
    };
    let unreadable_dates = if published.is_some() {
        Vec::new()
    } else {
        dates.iter().filter(unreadable).map(|member| member.pointer.clone()).collect()
    };
    let is_taken =
        |member: &Member<'_>| [key, published].iter().flatten().any(|taken| taken.pointer == member.pointer);
    let title = best(&members, TITLES, |member| {
        !is_taken(member) && member.is_own() && member.is_text() && member.values.len() * 2 >= items.len()
    });
    let text = find_text(&members, |member| {
        !is_taken(member) && title.is_none_or(|title| title.pointer != member.pointer)
    });
    let title = title.or_else(|| {
        find_other_title(&members, items.len(), |member| {
            text.is_some_and(|text| text.pointer != member.pointer) && !is_taken(member)
        })
    });
    // A title alone is searched as the text.
    let (title, text) = if text.is_none() { (None, title) } else { (title, text) };
    let (text, text_candidates) = match text {
        Some(_) => (text, Vec::new()),
        None => match text_candidates(&members, |member| !is_taken(member))[..] {
            [one] => (Some(one), Vec::new()),
            ref several => (None, pointers(several)),
        },
    };
    let category = best(&members, CATEGORIES, |member| {
        let is_other = ![title, text].iter().flatten().any(|taken| taken.pointer == member.pointer);
        let is_varied = member.distinct() > 1 || member.name().starts_with("category");
        let is_repeated =
            member.distinct() * 2 <= member.values.len() || member.name() == "category" || items.len() < 4;
        !is_taken(member) && is_other && is_category(member) && member.is_text() && is_varied && is_repeated
    });
    let (author_key, author_name) = find_author(&members);
    // `accountid` identifies the accounts themselves.
    let author_key = author_key.filter(|author| key.is_none_or(|key| key.pointer != author.pointer));
    FieldGuesses {
        key: key.map(&guess),
        text: text.map(&guess),
        title: title.map(&guess),
        category: category.map(&guess),
        author_key: author_key.map(&guess),
        author_name: author_name.map(&guess),
        published_at: published.map(&guess),
        key_candidates,
        text_candidates,
        unreadable_dates,
    }
}

/// Returns the pointers of the first candidates.
fn pointers(candidates: &[&Member<'_>]) -> Vec<String> {
    candidates.iter().take(MAX_CANDIDATES).map(|member| member.pointer.clone()).collect()
}

/// Returns true if a member of each item has a different value.
pub(crate) fn is_unique(items: &[&Json], pointer: &str) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| item.pointer(pointer).is_some_and(|value| seen.insert(value.to_string())))
}

/// Returns the first member, by the order of the names and by depth, that fits.
fn best<'m, 'a>(
    members: &'m [Member<'a>],
    names: &[&str],
    fits: impl Fn(&Member<'a>) -> bool,
) -> Option<&'m Member<'a>> {
    let named = members.iter().filter_map(|member| Some((rank(&member.name(), names)?, member)));
    named
        .filter(|(_, member)| fits(member))
        .min_by_key(|(rank, member)| (*rank, member.path.len()))
        .map(|(_, m)| m)
}

/// Finds a short text that names each item by another word: Jira's `summary`, `webTitle`, or `main` of a `headline`.
fn find_other_title<'m, 'a>(
    members: &'m [Member<'a>],
    items: usize,
    fits: impl Fn(&Member<'a>) -> bool,
) -> Option<&'m Member<'a>> {
    let rank_of = |member: &Member<'a>| {
        let name = member.name();
        let is_headline =
            member.path.len() > 1 && member.path.iter().any(|name| normalized(name) == "headline");
        match &*name {
            _ if is_headline => Some(3),
            _ if !member.is_own() || name == "subtitle" => None,
            "summary" => Some(1),
            _ if name.ends_with("title") => Some(0),
            _ if name.starts_with("short") => Some(2),
            _ => None,
        }
    };
    let is_title = |member: &&Member<'a>| {
        let is_short = member.mean_length() <= MAX_TITLE && !member.texts().any(is_html);
        let is_varied = member.distinct() * 2 > member.values.len();
        member.is_text() && is_short && is_varied && !member.is_date() && !member.texts().all(is_url)
    };
    let fits = |member: &&Member<'a>| member.values.len() * 2 >= items && is_title(member) && fits(member);
    let ranked =
        members.iter().filter(fits).filter_map(|member| Some((rank_of(member)?, member.path.len(), member)));
    ranked.min_by_key(|(rank, depth, _)| (*rank, *depth)).map(|(.., member)| member)
}

/// Finds the member that identifies an item: present in each, with a different value in each.
fn find_key<'m, 'a>(members: &'m [Member<'a>], items: usize) -> Result<&'m Member<'a>, Vec<&'m Member<'a>>> {
    let is_complete =
        |member: &&Member<'a>| member.values.len() == items && !member.is_element && member.is_key_like();
    let complete: Vec<&Member<'a>> = members.iter().filter(is_complete).collect();
    let is_unique = |member: &&&Member<'a>| member.distinct() == items;
    let by_name = |member: &&'m Member<'a>| Some((key_rank(member)?, member.path.len(), *member));
    let first = |members: &mut dyn Iterator<Item = &'m Member<'a>>| {
        let named = members.filter_map(|member| by_name(&member));
        named.min_by_key(|(rank, depth, _)| (*rank, *depth)).map(|(.., member)| member)
    };
    let own = || complete.iter().copied().filter(|member| member.is_own());
    let unique_own = || own().filter(|member| is_unique(&member));
    if let Some(member) = first(&mut unique_own()) {
        return Ok(member);
    }
    // One item does not show which of its members differ.
    let unnamed: Vec<&Member<'a>> =
        unique_own().filter(|member| items > 1 && member.is_identifier()).filter(|m| !is_author(m)).collect();
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
fn key_rank(member: &Member<'_>) -> Option<usize> {
    let name = member.name();
    let stem = ["uuid", "id"].iter().find_map(|suffix| name.strip_suffix(suffix));
    match rank(&name, KEYS) {
        Some(rank) => Some(rank),
        None if member.path.len() > 1 && normalized(member.path[0]) == "id" => Some(1),
        // `message_id` comes after `id`, but before `slug`. `user_id` is that of another thing, except for users.
        None => match stem? {
            "parent" => None,
            stem if rank(stem, AUTHORS).is_some() => Some(KEYS.len()),
            _ => Some(10),
        },
    }
}

fn is_author(member: &Member<'_>) -> bool {
    member.path.iter().any(|name| rank(&normalized(name), AUTHORS).is_some())
}

/// Returns true for a member such as `"object": "page"`.
fn is_constant(member: &Member<'_>) -> bool {
    member.values.len() >= CONSTANT_ITEMS && member.distinct() == 1
}

/// Returns the members that may be the text, the likeliest first: different ones with long values.
fn text_candidates<'m, 'a>(
    members: &'m [Member<'a>],
    fits: impl Fn(&Member<'a>) -> bool,
) -> Vec<&'m Member<'a>> {
    let fits = |member: &&Member<'a>| {
        let is_value = member.texts().all(is_url) || member.is_date() || key_rank(member).is_some();
        member.is_own() && member.is_text() && !is_value && !is_constant(member) && fits(member)
    };
    let mut found: Vec<&Member<'a>> = members.iter().filter(fits).collect();
    let weight = |member: &Member<'a>| member.mean_length() * member.distinct() as f64;
    found.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
    found
}

/// Finds the member with the longest prose; names of texts count three times as much.
fn find_text<'m, 'a>(
    members: &'m [Member<'a>],
    fits: impl Fn(&Member<'a>) -> bool,
) -> Option<&'m Member<'a>> {
    let weight = |member: &Member<'a>| {
        let named = rank(&member.name(), TEXTS).is_some();
        let is_prose = member.texts().any(|text| text.trim().contains(char::is_whitespace) && !is_url(text));
        let is_dates = member.is_date();
        let is_prose = is_prose && !member.is_element && !is_constant(member);
        if is_dates || !(named || is_prose) || member.texts().all(is_url) {
            return None;
        }
        let length = member.mean_length();
        if !named && length < PROSE {
            return None;
        }
        let coverage = member.values.len() as f64;
        let own = if member.is_own() { 4.0 } else { 1.0 };
        Some(length.min(2_000.0).sqrt() * coverage * own * if named { 3.0 } else { 1.0 })
    };
    members
        .iter()
        .filter(|member| member.is_text() && fits(member))
        .filter_map(|member| Some((weight(member)?, member)))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, member)| member)
}

fn is_category(member: &Member<'_>) -> bool {
    // `/category/name` and `/attributes/category` are categories, `/user/type` is not.
    member.is_own() && member.mean_length() <= PROSE && !member.texts().all(is_url)
}

/// Finds the key and the name of the author, in an object or in members such as `user_id`.
fn find_author<'m, 'a>(members: &'m [Member<'a>]) -> (Option<&'m Member<'a>>, Option<&'m Member<'a>>) {
    for author in AUTHORS {
        let inside = |names: &[&str]| {
            let within = members.iter().filter_map(|member| {
                let (last, around) = member.path.split_last()?;
                let (parent, wrappers) = around.split_last()?;
                let fits = normalized(parent) == *author && wrappers.iter().all(|name| is_wrapper(name));
                Some((rank(&normalized(last), names)?, member)).filter(|_| fits)
            });
            within.min_by_key(|(rank, _)| *rank).map(|(_, member)| member)
        };
        let flat = |suffixes: &[&str]| {
            suffixes.iter().find_map(|suffix| {
                let name = format!("{author}{suffix}");
                members
                    .iter()
                    .find(|member| member.is_own() && normalized(member.path[member.path.len() - 1]) == name)
            })
        };
        let (key, name) = (inside(AUTHOR_KEYS), inside(AUTHOR_NAMES));
        if key.is_some() || name.is_some() {
            return (key, name);
        }
        let (mut key, mut name) = (flat(&["id", "uuid", "key"]), flat(&["name"]));
        match flat(&[""]) {
            Some(own) if own.is_text() && !own.texts().all(is_url) => name = name.or(Some(own)),
            Some(own) if !own.is_text() && own.is_key_like() => key = key.or(Some(own)),
            _ => {}
        }
        let name = name.or_else(|| flat(&["fullname", "displayname", "login"]));
        // A list of authors has none of these, and other words would name someone else.
        let is_listed = |member: &Member<'a>| member.is_element && normalized(member.path[0]) == *author;
        if key.is_some() || name.is_some() || members.iter().any(is_listed) {
            return (key, name);
        }
    }
    (None, None)
}

fn is_html(text: &str) -> bool {
    ["</p>", "<br", "</a>", "</div>", "</li>", "<p>", "</span>", "</b>"].iter().any(|tag| text.contains(tag))
}

#[cfg(test)]
mod tests;
