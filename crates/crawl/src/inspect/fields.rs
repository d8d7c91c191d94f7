//! The fields of a document in the members of unknown items.

use super::author::{find_author, is_author};
use super::keys::{equal_keys, find_key, key_rank};
use super::member::{Member, first_ranked, is_url, members};
use super::names::{normalized, rank};
use super::published::{find_published, other_dates, unreadable_dates};
use super::vocabulary::{CATEGORIES, TEXTS, TITLES};
use crate::json::Json;

/// The number of inspected items.
const MAX_ITEMS: usize = 200;
/// The number of candidates for an unclear field.
const MAX_CANDIDATES: usize = 4;
/// The number of items whose equal values are not the text of any.
const CONSTANT_ITEMS: usize = 3;
/// The mean length in characters of titles at most.
const MAX_TITLE: f64 = 150.0;
/// The letters at the start of a text that show that another one continues it.
const EXCERPT_START: usize = 40;
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
    /// Members with dates that do not tell that they are those of publications, if none does.
    pub(crate) other_dates: Vec<String>,
    /// Members that identify the items as well as the key, by their names and values.
    pub(crate) other_keys: Vec<String>,
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
    let published = find_published(&members, items.len());
    let (unreadable_dates, other_dates) = match published {
        Some(_) => (Vec::new(), Vec::new()),
        None => (pointers(&unreadable_dates(&members)), pointers(&other_dates(&members, items.len()))),
    };
    let other_keys = key.map(|key| pointers(&equal_keys(key, &members, items.len()))).unwrap_or_default();
    let is_taken =
        |member: &Member<'_>| [key, published].iter().flatten().any(|taken| taken.pointer == member.pointer);
    let title = best(&members, TITLES, |member| {
        !is_taken(member) && member.is_own() && member.is_text() && member.values.len() * 2 >= items.len()
    });
    let text = find_text(&members, |member| {
        !is_taken(member) && title.is_none_or(|title| title.pointer != member.pointer)
    });
    let text = text.map(|text| whole_text(text, &members, items.len()).unwrap_or(text));
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
        other_dates,
        other_keys,
    }
}

/// Returns the pointers of the first candidates.
fn pointers(candidates: &[&Member<'_>]) -> Vec<String> {
    candidates.iter().take(MAX_CANDIDATES).map(|member| member.pointer.clone()).collect()
}

/// Returns the first member, by the order of the names and by depth, that fits.
fn best<'m, 'a>(
    members: &'m [Member<'a>],
    names: &[&str],
    fits: impl Fn(&Member<'a>) -> bool,
) -> Option<&'m Member<'a>> {
    first_ranked(members.iter().filter(|member| fits(member)), |member| rank(&member.name(), names))
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
            _ if name.ends_with("label") && !is_author(member) => Some(4),
            _ => None,
        }
    };
    let is_title = |member: &&Member<'a>| {
        let is_short = member.mean_length() <= MAX_TITLE && !member.texts().any(is_html);
        let is_varied = member.distinct() * 2 > member.values.len();
        member.is_text() && is_short && is_varied && !member.is_date() && !member.texts().all(is_url)
    };
    let fits = |member: &&Member<'a>| member.values.len() * 2 >= items && is_title(member) && fits(member);
    first_ranked(members.iter().filter(fits), rank_of).or_else(|| {
        // The only short phrase of an item names it, in any language.
        let mut phrases = members.iter().filter(fits).filter(|member| is_phrase(member, items));
        phrases.next().filter(|_| phrases.next().is_none())
    })
}

/// Returns true for a different text of several words in each item, none of which is a text, an author or a category.
fn is_phrase(member: &Member<'_>, items: usize) -> bool {
    let name = member.name();
    let is_named = [TEXTS, CATEGORIES].iter().any(|names| rank(&name, names).is_some());
    let has_words = |text: &&str| text.split_whitespace().filter(|word| word.len() > 1).count() > 1;
    let phrases = member.texts().filter(has_words).count();
    member.is_own()
        && !member.is_element
        && !is_named
        && !is_author(member)
        && key_rank(member).is_none()
        && member.values.len() == items
        && phrases * 2 > items
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

/// Returns the member that has the whole of a text which is only its beginning, such as an excerpt.
fn whole_text<'m, 'a>(text: &Member<'a>, members: &'m [Member<'a>], items: usize) -> Option<&'m Member<'a>> {
    let continues = |member: &&Member<'a>| {
        let pairs = member.texts().zip(text.texts());
        let begun = pairs.filter(|(whole, part)| {
            let (whole, part) = (letters(whole), letters(part));
            let start: String = part.chars().take(EXCERPT_START).collect();
            whole.len() > part.len() && !start.is_empty() && whole.starts_with(&start)
        });
        let is_complete = member.texts().count() == items && text.texts().count() == items;
        is_complete && !member.is_element && member.is_own() && begun.count() * 2 > items
    };
    let longer = members.iter().filter(continues);
    // HTML without its tags is no longer than the same text.
    longer.min_by(|one, other| one.texts().any(is_html).cmp(&other.texts().any(is_html)))
}

/// Returns the letters and digits of a text or of HTML, without its tags.
fn letters(text: &str) -> String {
    let mut is_tag = false;
    let is_letter = |char: &char| {
        match char {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ => {}
        }
        !is_tag && char.is_alphanumeric()
    };
    text.chars().filter(is_letter).collect()
}

fn is_category(member: &Member<'_>) -> bool {
    // `/category/name` and `/attributes/category` are categories, `/user/type` is not.
    member.is_own() && member.mean_length() <= PROSE && !member.texts().all(is_url)
}

fn is_html(text: &str) -> bool {
    ["</p>", "<br", "</a>", "</div>", "</li>", "<p>", "</span>", "</b>"].iter().any(|tag| text.contains(tag))
}

#[cfg(test)]
mod tests;
