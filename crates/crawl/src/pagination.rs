//! The URL of a page, and the token of the page after it. Pure.
//!
//! A new kind of pagination needs a case in [`page_url`], [`paging_params`] and [`token_after`].

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use super::upstream::NextPage;
use quarry_config::Pagination;

/// The token of a page, stored in the cursor of the crawl.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PageToken {
    /// The first page, in any kind of pagination.
    First,
    /// The number of items before the page.
    Offset(u64),
    /// The number of the page.
    Page(u64),
    /// The cursor from the previous page.
    Cursor(String),
    /// The URL from the previous page.
    Link(Url),
}

impl PageToken {
    /// Describes the token in an error about the page.
    pub(super) fn describe(&self, pagination: &Pagination) -> String {
        match (self, pagination) {
            (PageToken::First, _) => "the first".to_owned(),
            (PageToken::Offset(offset), Pagination::Offset { offset: name, .. }) => {
                format!("{name}={offset}")
            }
            (PageToken::Page(page), Pagination::Page { page: name, .. }) => format!("{name}={page}"),
            (PageToken::Offset(number), _) | (PageToken::Page(number), _) => number.to_string(),
            // Cursors and links are long and opaque, and may contain credentials.
            (PageToken::Cursor(_), _) => "by cursor".to_owned(),
            (PageToken::Link(_), _) => "by link".to_owned(),
        }
    }
}

/// Returns the URL of a page.
///
/// The paging parameters replace those of the same name in the source's URL; the others stay. A link is
/// used as the upstream sent it.
pub(super) fn page_url(base: &Url, pagination: &Pagination, token: &PageToken) -> Url {
    if let PageToken::Link(url) = token {
        return url.clone();
    }
    let mut url = base.clone();
    match pagination {
        Pagination::Offset { offset, limit, size } => {
            let start = if let PageToken::Offset(start) = token { *start } else { 0 };
            set_param(&mut url, offset, &start.to_string());
            set_param(&mut url, limit, &size.to_string());
        }
        Pagination::Page { page, limit, size, first } => {
            let number = if let PageToken::Page(number) = token { *number } else { u64::from(*first) };
            set_param(&mut url, page, &number.to_string());
            set_param(&mut url, limit, &size.to_string());
        }
        Pagination::Cursor { cursor, limit, size, .. } => {
            set_param(&mut url, limit, &size.to_string());
            if let PageToken::Cursor(value) = token {
                set_param(&mut url, cursor, value);
            }
        }
        Pagination::Link { limit, size } => set_param(&mut url, limit, &size.to_string()),
    }
    url
}

/// Returns the names of the parameters that [`page_url`] sets.
pub(super) fn paging_params(pagination: &Pagination) -> impl Iterator<Item = &str> {
    let (position, limit) = match pagination {
        Pagination::Offset { offset, limit, .. } => (Some(offset), limit),
        Pagination::Page { page, limit, .. } => (Some(page), limit),
        Pagination::Cursor { cursor, limit, .. } => (Some(cursor), limit),
        Pagination::Link { limit, .. } => (None, limit),
    };
    position.into_iter().chain([limit]).map(String::as_str).filter(|name| !name.is_empty())
}

/// Copies the parameters that `is_kept` accepts to another URL, with their spelling.
pub(super) fn retain_params(from: &Url, to: &mut Url, is_kept: impl Fn(&str) -> bool) {
    let is_kept =
        |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| is_kept(&name));
    let pairs: Vec<&str> = from.query().unwrap_or_default().split('&').filter(is_kept).collect();
    to.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
}

/// Sets a parameter and keeps the spelling of all others.
fn set_param(url: &mut Url, name: &str, value: &str) {
    if name.is_empty() {
        return;
    }
    let is_other =
        |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(other, _)| other != name);
    let mut pairs: Vec<String> =
        url.query().unwrap_or_default().split('&').filter(is_other).map(str::to_owned).collect();
    pairs.push(form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
    url.set_query(Some(&pairs.join("&")));
}

/// Returns the token of the page after one with `items`; `next` is what that page states.
///
/// Offsets advance by the received items, not by the requested ones: servers cap page sizes.
pub(super) fn token_after(
    pagination: &Pagination,
    token: &PageToken,
    items: u64,
    next: Option<NextPage>,
) -> Option<PageToken> {
    match pagination {
        Pagination::Offset { .. } => {
            let start = if let PageToken::Offset(start) = token { *start } else { 0 };
            Some(PageToken::Offset(start.saturating_add(items)))
        }
        Pagination::Page { first, .. } => {
            let number = if let PageToken::Page(number) = token { *number } else { u64::from(*first) };
            Some(PageToken::Page(number.saturating_add(1)))
        }
        Pagination::Cursor { .. } | Pagination::Link { .. } => next.map(|next| match next {
            NextPage::Cursor(cursor) => PageToken::Cursor(cursor),
            NextPage::Link(url) => PageToken::Link(url),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::pointer;

    fn offset() -> Pagination {
        Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 100 }
    }

    fn by_page() -> Pagination {
        Pagination::Page { page: "page".into(), limit: "per_page".into(), size: 50, first: 1 }
    }

    fn by_cursor() -> Pagination {
        Pagination::Cursor { cursor: "after".into(), limit: "limit".into(), size: 10, next: pointer("/next") }
    }

    fn url_of(base: &str, pagination: &Pagination, token: &PageToken) -> String {
        page_url(&Url::parse(base).expect("a URL"), pagination, token).to_string()
    }

    #[test]
    fn each_kind_of_pagination_sets_its_parameters() {
        let link = Pagination::Link { limit: "limit".into(), size: 7 };
        for (pagination, token, expected) in [
            (offset(), PageToken::First, "http://h/m?skip=0&limit=100"),
            (offset(), PageToken::Offset(40), "http://h/m?skip=40&limit=100"),
            (by_page(), PageToken::First, "http://h/m?page=1&per_page=50"),
            (by_page(), PageToken::Page(3), "http://h/m?page=3&per_page=50"),
            (by_cursor(), PageToken::First, "http://h/m?limit=10"),
            (
                by_cursor(),
                PageToken::Cursor("a b/+=é&".into()),
                "http://h/m?limit=10&after=a+b%2F%2B%3D%C3%A9%26",
            ),
            (link.clone(), PageToken::First, "http://h/m?limit=7"),
            (link, PageToken::Link(Url::parse("http://h/other?x=1").expect("a URL")), "http://h/other?x=1"),
        ] {
            assert_eq!(url_of("http://h/m", &pagination, &token), expected);
        }
    }

    #[test]
    fn paging_parameters_replace_their_namesakes_and_keep_the_others() {
        let url =
            url_of("http://h/m?tag=a%20b&skip=9&q=x+y&limit=1&limit=2", &offset(), &PageToken::Offset(5));
        assert_eq!(url, "http://h/m?tag=a%20b&q=x+y&skip=5&limit=100");
    }

    #[test]
    fn a_parameter_without_a_name_is_omitted() {
        let pagination = Pagination::Offset { offset: "skip".into(), limit: String::new(), size: 100 };
        assert_eq!(url_of("http://h/m", &pagination, &PageToken::First), "http://h/m?skip=0");
    }

    #[test]
    fn offsets_advance_by_received_items_and_page_numbers_by_one() {
        let after = |token: &PageToken, items| token_after(&offset(), token, items, None);
        assert_eq!(after(&PageToken::First, 30), Some(PageToken::Offset(30)), "the server caps the page");
        assert_eq!(after(&PageToken::Offset(60), 30), Some(PageToken::Offset(90)));
        let after = |token: &PageToken| token_after(&by_page(), token, 20, None);
        assert_eq!(after(&PageToken::First), Some(PageToken::Page(2)));
        assert_eq!(after(&PageToken::Page(2)), Some(PageToken::Page(3)));
    }

    #[test]
    fn cursors_and_links_end_without_a_next() {
        let next = NextPage::Cursor("c2".into());
        let after = |next| token_after(&by_cursor(), &PageToken::First, 10, next);
        assert_eq!(after(Some(next)), Some(PageToken::Cursor("c2".into())));
        assert_eq!(after(None), None);
    }
}
