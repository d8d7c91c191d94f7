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
    /// The same as JSON, in the body.
    Json(String),
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
            (PageToken::Cursor(_) | PageToken::Json(_), _) => "by cursor".to_owned(),
            (PageToken::Link(_), _) => "by link".to_owned(),
        }
    }
}

/// The value of a paging parameter.
enum PagingValue<'t> {
    Number(u64),
    Cursor(Cow<'t, str>),
    Json(&'t str),
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
                PagingValue::Json(json) => json.to_owned(),
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
                PagingValue::Json(json) => set_param(&mut url, name, json),
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
            PagingValue::Json(json) => serde_json::from_str(json).unwrap_or_default(),
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
            let value = match (token, cursor_format.as_str()) {
                (PageToken::Cursor(value), "{}") => Some(PagingValue::Cursor(value.into())),
                (PageToken::Cursor(value), format) => {
                    Some(PagingValue::Cursor(format.replace("{}", value).into()))
                }
                (PageToken::Json(json), _) => Some(PagingValue::Json(json)),
                _ => None,
            };
            (value.map(|value| (cursor, value)), Some((limit, *size)))
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

/// Sets a member of a JSON value by its pointer, and creates the objects around it, and the array around an index 0.
fn set_member(json: &mut Value, pointer: &str, value: Value) {
    let mut target = json;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let index = segment.parse::<usize>().ok();
        if target.is_null() && index == Some(0) {
            *target = Value::Array(vec![Value::Null]);
        }
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
            NextPage::Json(json) => PageToken::Json(json),
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
mod tests;
