//! The request for a page, and the token of the page after it. Pure.
//!
//! A new kind of pagination needs a case in [`paging_values`], [`Pagination::params`] and [`token_after`].

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use url::{Url, form_urlencoded};

use super::upstream::{NextPage, UpstreamRequest};
use quarry_config::{BodyContent, Pagination, PostBody, RequestMethod, Secret, SourceConfig};

/// The token of a page, stored in the cursor of the crawl.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PageToken {
    /// The first page, in any kind of pagination.
    First,
    /// The number of the first item.
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

/// The value of a paging parameter.
enum PagingValue<'t> {
    Number(u64),
    Cursor(Cow<'t, str>),
}

/// Returns the request for a page.
///
/// The paging parameters replace those of the same name in the source's URL; the others stay. A link is
/// used as the upstream sent it. A name that begins with `/` is a pointer into the body, one behind `header:` that
/// of a header. `since` is the value from which the crawl asks for changes.
pub(super) fn page_request(config: &SourceConfig, token: &PageToken, since: Option<&str>) -> UpstreamRequest {
    UpstreamRequest {
        url: page_url(config, token, since),
        body: page_body(config, token, since).map(Secret::new),
        headers: page_headers(config, token, since),
        etag: None,
        params: Vec::new(),
    }
}

fn page_headers(config: &SourceConfig, token: &PageToken, since: Option<&str>) -> Vec<(String, String)> {
    request_values(config, token, since)
        .filter_map(|(name, value)| {
            let value = match value {
                PagingValue::Number(number) => number.to_string(),
                PagingValue::Cursor(cursor) => cursor.into_owned(),
            };
            Some((header_of(name)?.to_owned(), value))
        })
        .collect()
}

fn page_url(config: &SourceConfig, token: &PageToken, since: Option<&str>) -> Url {
    if let PageToken::Link(url) = token {
        return url.clone();
    }
    let mut url = Url::clone(&config.url);
    for (name, value) in request_values(config, token, since) {
        if !is_in_body(name) && header_of(name).is_none() {
            match value {
                PagingValue::Number(number) => set_param(&mut url, name, &number.to_string()),
                PagingValue::Cursor(cursor) => set_param(&mut url, name, &cursor),
            }
        }
    }
    url
}

fn page_body(config: &SourceConfig, token: &PageToken, since: Option<&str>) -> Option<String> {
    if config.method != RequestMethod::Post {
        return None;
    }
    let values: Vec<_> = request_values(config, token, since).filter(|(name, _)| is_in_body(name)).collect();
    let mut body = match config.body.as_ref().map(PostBody::expose) {
        Some(BodyContent::Text(text)) => return Some(text.clone()),
        Some(BodyContent::Json(json)) => json.clone(),
        None if values.is_empty() => return None,
        None => Value::Null,
    };
    for (name, value) in values {
        let value = match value {
            PagingValue::Number(number) => number.into(),
            // Ids that are compared with numbers have to be numbers, which the body of the settings shows.
            PagingValue::Cursor(cursor) => match (body.pointer(name), cursor.parse::<Number>()) {
                (Some(Value::Number(_)), Ok(number)) if number.to_string() == cursor => number.into(),
                _ => cursor.into_owned().into(),
            },
        };
        set_member(&mut body, name, value);
    }
    Some(body.to_string())
}

/// Returns the parameters that select the items of a request, by their names.
fn request_values<'t>(
    config: &'t SourceConfig,
    token: &'t PageToken,
    since: Option<&'t str>,
) -> impl Iterator<Item = (&'t str, PagingValue<'t>)> {
    let param = config.since.as_ref().map(|since| since.param.as_str());
    let since = param.zip(since.map(|value| PagingValue::Cursor(value.into())));
    paging_values(&config.pagination, token).chain(since)
}

/// Returns the paging parameters of a page, by their names.
fn paging_values<'t>(
    pagination: &'t Pagination,
    token: &'t PageToken,
) -> impl Iterator<Item = (&'t str, PagingValue<'t>)> {
    let (position, limit) = match pagination {
        Pagination::Offset { offset, limit, size, first } => {
            let start = if let PageToken::Offset(start) = token { *start } else { u64::from(*first) };
            (Some((offset, PagingValue::Number(start))), Some((limit, *size)))
        }
        Pagination::Page { page, limit, size, first } => {
            let number = if let PageToken::Page(number) = token { *number } else { u64::from(*first) };
            (Some((page, PagingValue::Number(number))), Some((limit, *size)))
        }
        Pagination::Cursor { cursor, cursor_format, limit, size, .. } => {
            let value = if let PageToken::Cursor(value) = token { Some(value) } else { None };
            let value = value.map(|value| match cursor_format.as_str() {
                "{}" => Cow::Borrowed(value.as_str()),
                format => Cow::Owned(format.replace("{}", value)),
            });
            (value.map(|value| (cursor, PagingValue::Cursor(value))), Some((limit, *size)))
        }
        Pagination::Link { limit, size } => (None, Some((limit, *size))),
        Pagination::SinglePage {} => (None, None),
    };
    let limit = limit.map(|(name, size)| (name, PagingValue::Number(size.into())));
    // A cursor follows the page size, as it does in most documentation of APIs.
    let is_cursor = matches!(pagination, Pagination::Cursor { .. });
    let pairs = if is_cursor { [limit, position] } else { [position, limit] };
    pairs
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !name.is_empty())
}

fn is_in_body(name: &str) -> bool {
    name.starts_with('/')
}

fn header_of(name: &str) -> Option<&str> {
    name.strip_prefix("header:")
}

/// Sets a member of a JSON value by its pointer, and creates the objects around it.
fn set_member(json: &mut Value, pointer: &str, value: Value) {
    let mut target = json;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let index = segment.parse::<usize>().ok();
        let items = target.as_array().map_or(0, Vec::len);
        if let Some(index) = index.filter(|index| *index < items) {
            target = &mut target[index];
        } else {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            target = &mut target[segment];
        }
    }
    *target = value;
}

/// Copies the parameters that `is_kept` accepts to another URL, with their spelling.
pub(super) fn retain_params(from: &Url, to: &mut Url, is_kept: impl Fn(&str) -> bool) {
    let is_kept =
        |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| is_kept(&name));
    let pairs: Vec<&str> = from.query().unwrap_or_default().split('&').filter(is_kept).collect();
    to.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
}

/// Sets a parameter and keeps the spelling of all others.
pub(super) fn set_param(url: &mut Url, name: &str, value: &str) {
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
        Pagination::SinglePage {} => None,
        Pagination::Offset { first, .. } => {
            let start = if let PageToken::Offset(start) = token { *start } else { u64::from(*first) };
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

/// Returns the tokens of the pages after one, if they can be computed: `pages` of `size` items each.
pub(super) fn tokens_after(
    pagination: &Pagination,
    token: &PageToken,
    size: u64,
    pages: usize,
) -> Vec<PageToken> {
    if !pagination.is_by_position() {
        return Vec::new();
    }
    let next = |token: &PageToken| token_after(pagination, token, size, None);
    std::iter::successors(next(token), next).take(pages).collect()
}

#[cfg(test)]
mod tests {
    use quarry_config::NextKind;
    use serde_json::json;

    use super::*;
    use crate::fixtures::{config_with, pointer};

    fn offset() -> Pagination {
        Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 100, first: 0 }
    }

    fn by_page() -> Pagination {
        Pagination::Page { page: "page".into(), limit: "per_page".into(), size: 50, first: 1 }
    }

    fn by_cursor() -> Pagination {
        Pagination::Cursor {
            cursor: "after".into(),
            cursor_format: "{}".into(),
            limit: "limit".into(),
            size: 10,
            next: pointer("/next").into(),
            next_is: NextKind::Auto,
        }
    }

    fn url_of(base: &str, pagination: &Pagination, token: &PageToken) -> String {
        let mut config = config_with("");
        config.url = Url::parse(base).expect("a URL").into();
        config.pagination = pagination.clone();
        page_url(&config, token, None).to_string()
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
    fn a_crawl_asks_for_changes_in_the_url_or_in_the_body() {
        let mut config = config_with("since = { param = \"after\", field = \"/at\" }");
        let url =
            |config: &SourceConfig, token| page_request(config, &token, Some("2026-03-01")).url.to_string();
        assert_eq!(url(&config, PageToken::Offset(5)), "http://h/m?skip=5&limit=10&after=2026-03-01");
        let link = PageToken::Link(Url::parse("http://h/next").expect("a URL"));
        assert_eq!(url(&config, link), "http://h/next", "the upstream has put it there");
        config = config_with("method = \"POST\"\nsince = { param = \"/filter/from\", field = \"/at\" }");
        let body = page_request(&config, &PageToken::First, Some("7")).body.expect("a body");
        assert_eq!(body.expose(), "{\"filter\":{\"from\":\"7\"}}");
    }

    #[test]
    fn a_parameter_without_a_name_is_omitted() {
        let pagination =
            Pagination::Offset { offset: "skip".into(), limit: String::new(), size: 100, first: 0 };
        assert_eq!(url_of("http://h/m", &pagination, &PageToken::First), "http://h/m?skip=0");
    }

    #[test]
    fn offsets_advance_by_received_items_and_page_numbers_by_one() {
        let after = |token: &PageToken, items| token_after(&offset(), token, items, None);
        assert_eq!(after(&PageToken::First, 30), Some(PageToken::Offset(30)), "the server caps the page");
        assert_eq!(after(&PageToken::Offset(60), 30), Some(PageToken::Offset(90)));
        let one_based = Pagination::Offset { offset: "start".into(), limit: "n".into(), size: 20, first: 1 };
        assert_eq!(url_of("http://h/m", &one_based, &PageToken::First), "http://h/m?start=1&n=20");
        assert_eq!(token_after(&one_based, &PageToken::First, 20, None), Some(PageToken::Offset(21)));
        let after = |token: &PageToken| token_after(&by_page(), token, 20, None);
        assert_eq!(after(&PageToken::First), Some(PageToken::Page(2)));
        assert_eq!(after(&PageToken::Page(2)), Some(PageToken::Page(3)));
    }

    #[test]
    fn a_name_that_is_a_pointer_selects_the_page_in_the_body() {
        let mut config = config_with(
            "method = \"POST\"\nbody = { query = \"q\", filters = [{ n = 1 }], variables = { first = \"x\" } }",
        );
        let mut request = |pagination: Pagination, token: &PageToken| {
            config.pagination = pagination;
            let request = page_request(&config, token, None);
            let body = request.body.expect("a body");
            (request.url.to_string(), serde_json::from_str::<Value>(body.expose()).expect("JSON"))
        };
        let by_cursor = Pagination::Cursor {
            cursor: "/variables/page/after".into(),
            cursor_format: "{}".into(),
            limit: "/variables/first".into(),
            size: 10,
            next: pointer("/next").into(),
            next_is: NextKind::Auto,
        };
        let body = |variables: Value| json!({"query": "q", "filters": [{"n": 1}], "variables": variables});
        assert_eq!(
            request(by_cursor.clone(), &PageToken::First),
            ("http://h/m".to_owned(), body(json!({"first": 10})))
        );
        assert_eq!(
            request(by_cursor, &PageToken::Cursor("12".into())),
            ("http://h/m".to_owned(), body(json!({"first": 10, "page": {"after": "12"}})))
        );
        let by_page =
            Pagination::Page { page: "/filters/0/p~1q".into(), limit: "per".into(), size: 5, first: 0 };
        let expected = json!({"query": "q", "filters": [{"n": 1, "p/q": 3}], "variables": {"first": "x"}});
        assert_eq!(request(by_page, &PageToken::Page(3)), ("http://h/m?per=5".to_owned(), expected));
    }

    #[test]
    fn a_cursor_may_be_a_header_and_a_part_of_a_parameter() {
        let (mut by_header, mut by_format) = (by_cursor(), by_cursor());
        if let Pagination::Cursor { cursor, .. } = &mut by_header {
            *cursor = "header:X-After".into();
        }
        if let Pagination::Cursor { cursor_format, .. } = &mut by_format {
            *cursor_format = "id>{}".into();
        }
        let token = PageToken::Cursor("7".into());
        let mut config = config_with("");
        config.pagination = by_header;
        let request = page_request(&config, &token, None);
        assert_eq!(request.url.as_str(), "http://h/m?limit=10");
        assert_eq!(request.headers, [("X-After".to_owned(), "7".to_owned())]);
        assert_eq!(page_request(&config, &PageToken::First, None).headers, []);
        assert_eq!(url_of("http://h/m", &by_format, &token), "http://h/m?limit=10&after=id%3E7");
    }

    #[test]
    fn a_body_is_created_for_the_paging_parameters() {
        let mut config = config_with("method = \"POST\"");
        config.pagination =
            Pagination::Offset { offset: "/from".into(), limit: "/size".into(), size: 7, first: 0 };
        let body = page_request(&config, &PageToken::Offset(14), None).body.expect("a body");
        assert_eq!(body.expose(), "{\"from\":14,\"size\":7}");
        config.pagination = Pagination::SinglePage {};
        assert_eq!(page_request(&config, &PageToken::First, None), Url::clone(&config.url).into());
    }

    #[test]
    fn cursors_and_links_end_without_a_next() {
        let next = NextPage::Cursor("c2".into());
        let after = |next| token_after(&by_cursor(), &PageToken::First, 10, next);
        assert_eq!(after(Some(next)), Some(PageToken::Cursor("c2".into())));
        assert_eq!(after(None), None);
    }
}
