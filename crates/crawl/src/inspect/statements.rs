//! The statements of a body about the whole list: its total, and the next page.

use url::Url;

use super::names::{normalized, rank};
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
    "total",
    "count",
];
/// The number of these that have no other meaning.
const SPECIFIC_TOTALS: usize = 14;
/// Names of objects that describe a list.
const WRAPPERS: &[&str] = &[
    "meta",
    "metadata",
    "pagination",
    "paging",
    "page",
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
/// Names of the next page that other values have as well, so that only text counts.
const TEXT_ONLY: &[&str] =
    &["cursor", "bookmark", "after", "marker", "offset", "scrollid", "continuation", "continue"];

/// Names of flags for the existence of other pages.
const MORES: &[&str] = &[
    "hasmore",
    "hasnext",
    "hasnextpage",
    "more",
    "moreresults",
    "hasmoreitems",
    "hasmoreresults",
    "exceededtransferlimit",
];

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
        let (rank, is_elsewhere) = (rank(&name, TOTALS)?, !leaf.is_about(list));
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

impl NextGuess {
    /// Returns true if it states that no page follows.
    pub(crate) fn is_empty(&self) -> bool {
        self.value == NextValue::Empty
    }
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
    let guesses = leaves.iter().filter(|leaf| leaf.is_about(list)).filter_map(|leaf| {
        let mut name = leaf.name();
        let mut rank_of_name = rank(&name, NEXTS);
        if leaf.parent().is_some_and(|parent| rank(&parent, NEXT_OBJECTS).is_some()) {
            rank_of_name = rank(&name, IN_NEXT);
            name = format!("next{name}");
        }
        let value = next_value(leaf.value)?;
        let is_text = matches!(&value, NextValue::Token(text) if text.len() > 4 || !is_digits(text));
        if rank(&name, TEXT_ONLY).is_some() && !is_text {
            return None;
        }
        let guess = NextGuess { pointer: leaf.pointer.clone(), name, value };
        Some((guess.value == NextValue::Empty, rank_of_name?, leaf.path.len(), guess))
    });
    guesses.min_by_key(|(is_empty, rank, depth, _)| (*is_empty, *rank, *depth)).map(|(.., guess)| guess)
}

/// Returns the flag of a body for the existence of other pages of its list at `items`.
pub(crate) fn flag_of_more(leaves: &[Leaf<'_>], items: &str) -> Option<bool> {
    let mut flags = leaves.iter().filter(|leaf| leaf.is_about(items)).filter_map(|leaf| match leaf.value {
        Json::Bool(flag) if rank(&leaf.name(), MORES).is_some() => Some(*flag),
        _ => None,
    });
    let first = flags.next()?;
    // One true flag of several is a promise.
    Some(first || flags.any(|flag| flag))
}

/// Returns true if a body states that pages follow its list at `items`: by a flag, a next page or a continuation.
pub(crate) fn states_more(leaves: &[Leaf<'_>], items: &str) -> bool {
    // MediaWiki: `"continue": {"apcontinue": "T0010", "continue": "-||"}`.
    let is_continuation = |leaf: &Leaf<'_>| {
        leaf.parent().as_deref() == Some("continue")
            && leaf.name().ends_with("continue")
            && is_text(leaf.value)
    };
    flag_of_more(leaves, items) == Some(true)
        || leaves.iter().any(is_continuation)
        || find_next(leaves, items).is_some_and(|next| !next.is_empty())
}

fn is_text(value: &Json) -> bool {
    matches!(value, Json::String(text) if !text.trim().is_empty())
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::json_of;

    #[test]
    fn the_total_is_known_by_its_name_and_place() {
        for (body, list, expected) in [
            (json!({"total": 9, "items": [], "limit": 2}), "/items", Some(("/total", 9))),
            (json!({"count": 9, "next": null, "results": []}), "/results", Some(("/count", 9))),
            (json!({"count": 2, "total_count": 9, "results": []}), "/results", Some(("/total_count", 9))),
            (
                json!({"meta": {"pagination": {"total": 9}}, "data": []}),
                "/data",
                Some(("/meta/pagination/total", 9)),
            ),
            (
                json!({"response": {"numFound": 9, "docs": []}}),
                "/response/docs",
                Some(("/response/numFound", 9)),
            ),
            (json!({"@odata.count": 9, "value": []}), "/value", Some(("/@odata.count", 9))),
            (
                json!({"hits": {"total": {"value": 9}, "hits": []}}),
                "/hits/hits",
                Some(("/hits/total/value", 9)),
            ),
            (json!({"total": "9", "items": []}), "/items", Some(("/total", 9))),
            (json!({"usage": {"total": 9}, "items": []}), "/items", None),
            (json!({"stats": {"totalCount": 9}, "items": []}), "/items", Some(("/stats/totalCount", 9))),
            (json!({"result": {"total": 9, "records": []}}), "/result/records", Some(("/result/total", 9))),
            (json!({"result": {"count": 9, "results": []}}), "/result/results", Some(("/result/count", 9))),
            (json!({"total": 1, "items": []}), "/items", None),
            (json!({"total_pages": 9, "items": []}), "/items", None),
        ] {
            let found = json_of(&body);
            let found = find_total(&leaves(&found, list), list, 2, false);
            let found = found.as_ref().map(|guess| (guess.pointer.as_str(), guess.value));
            assert_eq!(found, expected, "{body}");
        }
        let body = json_of(&json!({"count": 2, "next_cursor": "c", "items": []}));
        assert_eq!(find_total(&leaves(&body, "/items"), "/items", 2, true), None, "the items of the page");
    }

    #[test]
    fn the_next_page_is_known_by_its_name_and_value() {
        let token = |text: &str| NextValue::Token(text.to_owned());
        let link = || NextValue::Link(Url::parse("https://h/m?p=2").expect("a URL"));
        for (body, list, expected) in [
            (json!({"next": "https://h/m?p=2", "previous": null}), "/results", Some(("/next", link()))),
            (
                json!({"links": {"next": "https://h/m?p=2", "last": "https://h/m?p=9"}}),
                "/data",
                Some(("/links/next", link())),
            ),
            (
                json!({"_links": {"next": {"href": "https://h/m?p=2"}}}),
                "/data",
                Some(("/_links/next/href", link())),
            ),
            (json!({"@odata.nextLink": "https://h/m?p=2"}), "/value", Some(("/@odata.nextLink", link()))),
            (
                json!({"info": {"next": "https://h/m?p=2", "prev": null}}),
                "/results",
                Some(("/info/next", link())),
            ),
            (
                json!({"paging": {"cursors": {"after": "Yw==", "before": "YQ=="}}}),
                "/data",
                Some(("/paging/cursors/after", token("Yw=="))),
            ),
            (
                json!({"paging": {"next": {"after": "20", "link": "https://h/m?p=2"}}}),
                "/results",
                Some(("/paging/next/link", link())),
            ),
            (
                json!({"response_metadata": {"next_cursor": "dXNlcg"}}),
                "/members",
                Some(("/response_metadata/next_cursor", token("dXNlcg"))),
            ),
            (json!({"nextPageToken": "CAUQAA"}), "/items", Some(("/nextPageToken", token("CAUQAA")))),
            (
                json!({"next": "/m?page=2"}),
                "/items",
                Some(("/next", NextValue::Relative("/m?page=2".into()))),
            ),
            (json!({"next_page": 2, "offset": 0}), "/items", Some(("/next_page", NextValue::Number(2)))),
            (json!({"offset": "itrX/recY"}), "/records", Some(("/offset", token("itrX/recY")))),
            (
                json!({"metadata": {"continue": "eyJ2"}}),
                "/items",
                Some(("/metadata/continue", token("eyJ2"))),
            ),
            (json!({"pagination": {"cursor": "YWJj"}}), "/data", Some(("/pagination/cursor", token("YWJj")))),
            (json!({"next_page": {"offset": "eyJ0"}}), "/data", Some(("/next_page/offset", token("eyJ0")))),
            (json!({"next": null}), "/items", Some(("/next", NextValue::Empty))),
            (json!({"offset": 20, "cursor": null}), "/items", None),
            (json!({"user": {"next": "x"}}), "/items", None),
        ] {
            let found = json_of(&body);
            let found = find_next(&leaves(&found, list), list);
            let found = found.as_ref().map(|guess| (guess.pointer.as_str(), guess.value.clone()));
            assert_eq!(found, expected, "{body}");
        }
    }
}
