//! The four pagination styles, with their requests and responses.
//!
//! | Address | Parameters | Answer |
//! |---|---|---|
//! | `/messages/` | `skip`, `limit` | `{"total", "items"}` |
//! | `/messages/page/` | `page` (from 1), `size` | `{"total", "items", "page"}` |
//! | `/messages/cursor/` | `cursor`, `limit` | `{"total", "items", "next_cursor"}`, `null` at the end |
//! | `/messages/link/` | `page` (from 1), `per_page` | `[…]`, a `Link` header with `rel="next"`, `X-Total-Count` |
//!
//! Pure functions. Unknown parameters are ignored, as in web frameworks.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use url::form_urlencoded;

use super::collection::Item;
use super::drift::Drift;

/// The default number of items on a page.
pub const DEFAULT_LIMIT: usize = 100;
/// The largest number of items on a page; larger requests are clamped.
pub const MAX_LIMIT: usize = 1_000;

/// A pagination style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaginationStyle {
    Offset,
    Page,
    Cursor,
    Link,
}

impl PaginationStyle {
    /// All styles, in the order of the index.
    pub(super) const ALL: [PaginationStyle; 4] =
        [PaginationStyle::Offset, PaginationStyle::Page, PaginationStyle::Cursor, PaginationStyle::Link];

    /// The path after the name of the collection.
    pub(super) const fn path(self) -> &'static str {
        match self {
            PaginationStyle::Offset => "",
            PaginationStyle::Page => "page/",
            PaginationStyle::Cursor => "cursor/",
            PaginationStyle::Link => "link/",
        }
    }

    /// The parameters of a first request.
    pub(super) const fn example(self) -> &'static str {
        match self {
            PaginationStyle::Offset => "skip=0&limit=100",
            PaginationStyle::Page => "page=1&size=100",
            PaginationStyle::Cursor => "limit=100",
            PaginationStyle::Link => "page=1&per_page=100",
        }
    }

    /// The name in the index.
    pub(super) const fn name(self) -> &'static str {
        match self {
            PaginationStyle::Offset => "offset",
            PaginationStyle::Page => "page",
            PaginationStyle::Cursor => "cursor",
            PaginationStyle::Link => "link",
        }
    }
}

/// An invalid parameter, in the format of FastAPI.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct ParameterError {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: [&'static str; 2],
    msg: String,
    input: String,
}

/// The parsed request of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageQuery {
    pub(super) style: PaginationStyle,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl PageQuery {
    /// Parses the parameters of a style from a query string.
    pub(super) fn parse(style: PaginationStyle, query: &str) -> Result<Self, Vec<ParameterError>> {
        let mut bad = Vec::new();
        let mut number = |name, least, default| match read_number(query, name, least) {
            Ok(number) => number.unwrap_or(default),
            Err(parameter) => {
                bad.push(parameter);
                default
            }
        };
        let (offset, limit) = match style {
            PaginationStyle::Offset => (number("skip", 0, 0), number("limit", 1, DEFAULT_LIMIT)),
            PaginationStyle::Page => paged(number("page", 1, 1), number("size", 1, DEFAULT_LIMIT)),
            PaginationStyle::Link => paged(number("page", 1, 1), number("per_page", 1, DEFAULT_LIMIT)),
            PaginationStyle::Cursor => (0, number("limit", 1, DEFAULT_LIMIT)),
        };
        let offset = match style {
            PaginationStyle::Cursor => read_cursor(query).unwrap_or_else(|parameter| {
                bad.push(parameter);
                0
            }),
            _ => offset,
        };
        if bad.is_empty() { Ok(Self { style, offset, limit: limit.min(MAX_LIMIT) }) } else { Err(bad) }
    }

    /// Selects an earlier page of the same size by `choice`, if one exists.
    pub(super) fn earlier_page(self, choice: usize) -> Option<Self> {
        let pages = self.offset.div_ceil(self.limit);
        (pages > 0).then(|| Self { offset: choice % pages * self.limit, ..self })
    }
}

fn paged(page: usize, size: usize) -> (usize, usize) {
    ((page - 1).saturating_mul(size.min(MAX_LIMIT)), size)
}

/// The last value of a parameter; an empty one counts as absent.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let mut last = None;
    for (_, value) in pairs.by_ref() {
        last = Some(value.into_owned());
    }
    last.filter(|value| !value.is_empty())
}

fn read_number(query: &str, name: &'static str, least: usize) -> Result<Option<usize>, ParameterError> {
    let Some(input) = parameter(query, name) else { return Ok(None) };
    let loc = ["query", name];
    let number: i64 = match input.parse() {
        Ok(number) => number,
        Err(_) => {
            let msg = "Input should be a valid integer".to_owned();
            return Err(ParameterError { kind: "int_parsing", loc, msg, input });
        }
    };
    match usize::try_from(number) {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => {
            let msg = format!("Input should be greater than or equal to {least}");
            Err(ParameterError { kind: "greater_than_equal", loc, msg, input })
        }
    }
}

fn write_cursor(offset: usize) -> String {
    BASE64URL_NOPAD.encode(format!("after {offset}").as_bytes())
}

fn read_cursor(query: &str) -> Result<usize, ParameterError> {
    let Some(input) = parameter(query, "cursor") else { return Ok(0) };
    let text = BASE64URL_NOPAD.decode(input.as_bytes()).unwrap_or_default();
    let offset = text.strip_prefix(b"after ").and_then(|digits| std::str::from_utf8(digits).ok());
    offset.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let msg = "Input should be a next_cursor of an earlier answer".to_owned();
        ParameterError { kind: "cursor_parsing", loc: ["query", "cursor"], msg, input }
    })
}

/// A page of a drifting collection.
pub(super) struct UpstreamPage<'a> {
    request: PageQuery,
    pub(super) items: Vec<&'a Item>,
    pub(super) total: usize,
    next: Option<usize>,
    /// Absent instead of null at the end.
    has_lost_next: bool,
    has_failed: bool,
}

impl<'a> UpstreamPage<'a> {
    /// Cuts the page out of a collection with drift.
    pub(super) fn of(collection: &'a [Item], drift: Drift, request: PageQuery) -> Self {
        let length = collection.len();
        // A small collection withholds at most a quarter, so that some items stay visible.
        let visible = length - drift.withheld.min(length / 4);
        let end = request.offset.saturating_add(request.limit).min(visible);
        let shifted = if length == 0 { 0 } else { (drift.shifted % length as u64) as usize };
        let items = (request.offset..end).map(|place| &collection[(place + length - shifted) % length]);
        Self {
            request,
            items: items.collect(),
            total: visible.saturating_add_signed(drift.misstated as isize),
            next: (end < visible).then_some(end),
            has_lost_next: false,
            has_failed: false,
        }
    }

    /// Replaces the items by an error beside them.
    pub(super) fn fail(&mut self) {
        self.items.clear();
        self.lose_next();
        self.has_failed = true;
    }

    /// Removes the next cursor or link.
    pub(super) fn lose_next(&mut self) {
        self.next = None;
        self.has_lost_next = true;
    }

    /// The JSON text.
    pub(super) fn body(&self) -> String {
        let length: usize = self.items.iter().map(|item| item.json().len() + 1).sum();
        let mut body = String::with_capacity(length + 128);
        if self.request.style != PaginationStyle::Link {
            body.push_str(&format!("{{\"total\":{},\"items\":", self.total));
        }
        body.push('[');
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(item.json());
        }
        body.push(']');
        if self.has_failed && self.request.style != PaginationStyle::Link {
            body.push_str(",\"error\":\"upstream timeout\"");
        }
        match (self.request.style, self.next) {
            (PaginationStyle::Offset, _) => body.push('}'),
            (PaginationStyle::Page, _) => body.push_str(&format!(",\"page\":{}}}", self.number())),
            (PaginationStyle::Cursor, Some(next)) => {
                body.push_str(&format!(",\"next_cursor\":\"{}\"}}", write_cursor(next)));
            }
            (PaginationStyle::Cursor, None) if self.has_lost_next => body.push('}'),
            (PaginationStyle::Cursor, None) => body.push_str(",\"next_cursor\":null}"),
            (PaginationStyle::Link, _) => {}
        }
        body
    }

    /// The `Link` header of the link style, if a next page exists.
    pub(super) fn link(&self, address: &str) -> Option<String> {
        if self.request.style != PaginationStyle::Link || self.next.is_none() {
            return None;
        }
        let (next, size) = (self.number() + 1, self.request.limit);
        Some(format!("<{address}?page={next}&per_page={size}>; rel=\"next\""))
    }

    /// The `X-Total-Count` header of the link style, whose body has no total.
    pub(super) fn total_header(&self) -> Option<usize> {
        (self.request.style == PaginationStyle::Link).then_some(self.total)
    }

    fn number(&self) -> usize {
        self.request.offset / self.request.limit + 1
    }
}
