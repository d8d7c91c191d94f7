//! The statements of a body about the whole list: its total, and the next page.

use url::Url;

use super::names::{ParamKind, is_flag_of_more, normalized, param_kind, rank};
use super::pointer::child;
use crate::json::Json;

/// The deepest level of a statement.
const MAX_DEPTH: usize = 4;
/// Names of the total, the most specific first.
const TOTALS: &[&str] = &[
    "totalcount",
    "totalitems",
    "totalresults",
    "totalrecords",
    "totalelements",
    "totalhits",
    "totalsize",
    "numfound",
    "odatacount",
    "hydratotalitems",
    "totalrows",
    "totaldocs",
    "totalentries",
    "nbhits",
    "recordcount",
    "resultcount",
    "itemcount",
    "opensearchtotalresults",
    "numresults",
    "matches",
    "totalfound",
    "hitcount",
    "found",
    "total",
    "count",
];
/// Names of the total, or of the items of a page.
const SIZES: &[&str] =
    &["size", "records", "results", "hits", "items", "length", "entries", "rows", "elements"];
/// The number of the first totals that have no other meaning.
const SPECIFIC_TOTALS: usize = 14;
/// Names of objects that describe a list.
const WRAPPERS: &[&str] = &[
    "meta",
    "metadata",
    "pagination",
    "paging",
    "page",
    "pages",
    "pager",
    "pageinfo",
    "response",
    "result",
    "results",
    "data",
    "info",
    "hits",
    "search",
    "query",
    "list",
    "resultset",
    "summary",
    "feed",
    "links",
    "link",
    "responsemetadata",
    "cursors",
    "next",
    "nextpage",
    "total",
    "cursor",
    "header",
    "headers",
    "envelope",
    "d",
    "searchinformation",
    "paginginfo",
    "pageable",
    "view",
    "hydraview",
    "collection",
    "properties",
];
/// Names of the next page, the most specific first.
const NEXTS: &[&str] = &[
    "nextlink",
    "odatanextlink",
    "nexturl",
    "nextpageurl",
    "nextpagelink",
    "nextrecordsurl",
    "nexthref",
    "hydranext",
    "nextpageuri",
    "nexturi",
    "nextpagetoken",
    "nextcursor",
    "nextcursormark",
    "nexttoken",
    "nextcontinuationtoken",
    "continuationtoken",
    "nextmarker",
    "nextmaxid",
    "nextkey",
    "nextbookmark",
    "paginationtoken",
    "endcursor",
    "scrollid",
    "nextpage",
    "nextoffset",
    "nextstart",
    "next",
    "aftercursor",
    "continuation",
    "continue",
    "cursor",
    "bookmark",
    "after",
    "marker",
    "offset",
];
/// Names of objects that describe the next page.
const NEXT_OBJECTS: &[&str] = &["next", "nextpage"];
/// Names within them.
const IN_NEXT: &[&str] = &["href", "url", "link", "uri", "after", "cursor", "token", "page", "offset"];
/// The position of the names of cursors in general among them.
const AFTER: usize = 4;
/// Names of the next page that other values have as well, so that only text counts.
const TEXT_ONLY: &[&str] =
    &["cursor", "bookmark", "after", "marker", "offset", "scrollid", "continuation", "continue"];

/// A scalar of a body outside of its items.
#[derive(Clone, Debug)]
pub(crate) struct Leaf<'a> {
    /// The pointer to it.
    pub(crate) pointer: String,
    /// The names on its path.
    pub(crate) path: Vec<&'a str>,
    /// The scalar.
    pub(crate) value: &'a Json,
}

impl Leaf<'_> {
    /// Returns its name, normalized.
    pub(crate) fn name(&self) -> String {
        normalized(self.path.last().copied().unwrap_or_default())
    }

    fn parent(&self) -> Option<String> {
        self.path.len().checked_sub(2).map(|at| normalized(self.path[at]))
    }

    /// Returns true if each object around it describes or contains the list.
    fn is_about(&self, items: &str) -> bool {
        let mut pointer = String::new();
        self.path[..self.path.len() - 1].iter().all(|name| {
            pointer = child(&pointer, name);
            items.starts_with(&format!("{pointer}/")) || rank(&normalized(name), WRAPPERS).is_some()
        })
    }

    /// Returns its value as a whole number, also if it is text.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self.value {
            Json::Number(_) => self.value.as_i64(),
            Json::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Returns the scalars of a body outside of the list at `items`.
pub(crate) fn leaves<'a>(body: &'a Json, items: &str) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    if let Json::Object(_) = body {
        collect(body, Leaf { pointer: String::new(), path: Vec::new(), value: body }, items, &mut found);
    }
    found
}

fn collect<'a>(value: &'a Json, at: Leaf<'a>, items: &str, found: &mut Vec<Leaf<'a>>) {
    match value {
        Json::Object(members) if at.path.len() < MAX_DEPTH => {
            for (name, value) in members {
                let pointer = child(&at.pointer, name);
                if pointer != items {
                    let path = [&at.path[..], &[name.as_str()]].concat();
                    collect(value, Leaf { pointer, path, value }, items, found);
                }
            }
        }
        // FHIR: `"link": [{"relation": "next", "url": …}]`.
        Json::Array(links) if at.path.len() < MAX_DEPTH => {
            for (relation, link) in links.iter().filter_map(|link| Some((link.relation()?, link))) {
                if normalized(relation) == "next" {
                    let (pointer, path) =
                        (child(&at.pointer, relation), [&at.path[..], &[relation]].concat());
                    collect(link, Leaf { pointer, path, value: link }, items, found);
                }
            }
        }
        Json::Object(_) | Json::Array(_) => {}
        _ => found.push(at),
    }
}

/// A member that may be the total.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TotalGuess {
    /// The pointer to it.
    pub(crate) pointer: String,
    /// Its value.
    pub(crate) value: i64,
}

/// Finds the total number of items.
///
/// The number of items on the page is not the total if the body states a next page.
pub(crate) fn find_total(
    leaves: &[Leaf<'_>],
    list: &str,
    items: usize,
    has_next: bool,
) -> Option<TotalGuess> {
    let items = i64::try_from(items).unwrap_or(i64::MAX);
    let fits = |value: i64| value > items || (value == items && !has_next);
    let guesses = leaves.iter().filter_map(|leaf| {
        let mut name = leaf.name();
        // Elasticsearch: `"total": {"value": 7}`.
        if name == "value" {
            name = leaf.parent()?;
        }
        let value = leaf.integer().filter(|value| fits(*value))?;
        let rank_of_name = rank(&name, TOTALS).or_else(|| {
            // Names of page sizes as well: on a page that others follow, a size is no more than its items.
            (has_next && value > items && rank(&name, SIZES).is_some()).then_some(TOTALS.len())
        });
        // `"pages": {"total": 4}` is a number of pages.
        let is_of_pages = leaf.parent().as_deref() == Some("pages");
        let (rank, is_elsewhere) = (rank_of_name?, !leaf.is_about(list) || is_of_pages);
        // In an object of another name, only a name counts that nothing else has.
        let fits = !is_elsewhere || rank < SPECIFIC_TOTALS;
        let guess = TotalGuess { pointer: leaf.pointer.clone(), value };
        fits.then_some((is_elsewhere, rank, leaf.path.len(), guess))
    });
    guesses
        .min_by_key(|(is_elsewhere, rank, depth, _)| (*is_elsewhere, *rank, *depth))
        .map(|(.., guess)| guess)
}

/// A member that may state the next page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NextGuess {
    /// The pointer to it.
    pub(crate) pointer: String,
    /// The name that tells its purpose.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: NextValue,
}

/// The kinds of values that state the next page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NextValue {
    /// An absolute URL.
    Link(Url),
    /// A path or a query.
    Relative(String),
    /// A number of a page or an item.
    Number(i64),
    /// Other text.
    Token(String),
    /// No value: there is no further page.
    Empty,
}

/// Finds the member that states the next page.
pub(crate) fn find_next(leaves: &[Leaf<'_>], list: &str) -> Option<NextGuess> {
    // MediaWiki states the parameters of the next request: `"continue": {"apcontinue": "T0010", "continue": "-||"}`.
    let mark = leaves.iter().find(|leaf| leaf.path == ["continue", "continue"]);
    let guesses = leaves.iter().filter_map(|leaf| {
        let is_continuation =
            mark.is_some_and(|mark| leaf.path[0] == "continue" && leaf.pointer != mark.pointer);
        if !leaf.is_about(list) && !is_continuation {
            return None;
        }
        let mut name = leaf.name();
        let mut rank_of_name = if is_continuation { Some(0) } else { rank(&name, NEXTS) };
        if leaf.parent().is_some_and(|parent| rank(&parent, NEXT_OBJECTS).is_some()) {
            // Intercom: `"next": {"page": 2, "starting_after": "WzE2"}`.
            let is_cursor = || param_kind(&name, "") == Some(ParamKind::Cursor);
            rank_of_name = rank(&name, IN_NEXT).or_else(|| is_cursor().then_some(AFTER));
            name = format!("next{name}");
        }
        let value = next_value(leaf.value)?;
        // Zendesk: `"after_url": "https://…"`.
        if rank_of_name.is_none() && matches!(value, NextValue::Link(_)) && is_behind(&name) {
            rank_of_name = Some(AFTER);
        }
        let is_text = matches!(&value, NextValue::Token(text) if text.len() > 4 || !is_digits(text));
        if rank(&name, TEXT_ONLY).is_some() && !is_text && !is_continuation {
            return None;
        }
        let guess = NextGuess { pointer: leaf.pointer.clone(), name, value };
        Some((guess.value == NextValue::Empty, rank_of_name?, leaf.path.len(), guess))
    });
    guesses.min_by_key(|(is_empty, rank, depth, _)| (*is_empty, *rank, *depth)).map(|(.., guess)| guess)
}

/// Returns true for the name of a link to what follows.
fn is_behind(name: &str) -> bool {
    ["next", "after", "following"].iter().any(|word| name.contains(word))
        && !["prev", "before"].iter().any(|word| name.contains(word))
}

/// Returns the flag of a body for the existence of other pages of its list at `items`.
pub(crate) fn flag_of_more(leaves: &[Leaf<'_>], items: &str) -> Option<bool> {
    let mut flags = leaves.iter().filter(|leaf| leaf.is_about(items)).filter_map(|leaf| match leaf.value {
        Json::Bool(flag) if is_flag_of_more(&leaf.name()) => Some(*flag),
        _ => None,
    });
    let first = flags.next()?;
    // One true flag of several is a promise.
    Some(first || flags.any(|flag| flag))
}

/// Returns true if a body states that pages follow its list at `items`: by a flag or a next page.
pub(crate) fn states_more(leaves: &[Leaf<'_>], items: &str) -> bool {
    let flag = flag_of_more(leaves, items);
    // Zendesk has a cursor on the last page as well, and a flag that says so.
    let is_next = |next: &NextGuess| match next.value {
        NextValue::Empty => false,
        NextValue::Token(_) => flag.is_none(),
        NextValue::Link(_) | NextValue::Relative(_) | NextValue::Number(_) => true,
    };
    flag == Some(true) || find_next(leaves, items).as_ref().is_some_and(is_next)
}

fn next_value(value: &Json) -> Option<NextValue> {
    match value {
        Json::Null | Json::Bool(false) => Some(NextValue::Empty),
        Json::Bool(true) => None,
        Json::Number(_) => value.as_i64().map(NextValue::Number),
        Json::String(text) if text.trim().is_empty() => Some(NextValue::Empty),
        Json::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            Url::parse(text).ok().map(NextValue::Link)
        }
        Json::String(text) if text.starts_with(['/', '?']) => Some(NextValue::Relative(text.clone())),
        Json::String(text) => Some(NextValue::Token(text.clone())),
        Json::Array(_) | Json::Object(_) => None,
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
