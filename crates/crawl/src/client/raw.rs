//! A response of an unknown API, for an inspection. Pure.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderMap, LINK};
use url::Url;

use super::link_header::next_target;
use super::next_page;
use super::statements::str_of;
use crate::charset::decode;

/// The headers that state the total of a list.
const TOTAL_HEADERS: &[&str] = &[
    "x-total-count",
    "x-total",
    "x-wp-total",
    "x-total-results",
    "x-pagination-total-count",
    "total-count",
    "x-count",
    "content-range",
];

/// The headers that state the next page as a cursor or a number.
const NEXT_HEADERS: &[&str] = &[
    "x-ms-continuation",
    "x-next-cursor",
    "x-next-token",
    "x-next-page-token",
    "x-continuation-token",
    "x-cursor-next",
    "x-next-page",
    "next-cursor",
    "next-page-token",
    "x-cursor",
];

/// A successful response as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct RawResponse {
    /// The URL after redirects.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// The decompressed body.
    pub(super) body: Vec<u8>,
}

impl RawResponse {
    /// Returns the body as text in its charset.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        decode(&self.body, self.headers.get(CONTENT_TYPE).and_then(str_of))
    }

    /// Returns the `Content-Type`, in lower case.
    pub(crate) fn content_type(&self) -> String {
        self.headers.get(CONTENT_TYPE).and_then(str_of).unwrap_or_default().to_ascii_lowercase()
    }

    /// Returns the next page in the `Link` header.
    pub(crate) fn next_link(&self) -> Option<Url> {
        let lines = self.headers.get_all(LINK);
        next_page::link(next_target(lines.iter().filter_map(str_of))?, &self.url)
    }

    /// Returns the header that states the next page by a cursor, and the cursor.
    pub(crate) fn next_cursor(&self) -> Option<(&'static str, String)> {
        NEXT_HEADERS.iter().find_map(|name| {
            let cursor = str_of(self.headers.get(*name)?)?.trim();
            (!next_page::is_end(cursor)).then(|| (*name, cursor.to_owned()))
        })
    }

    /// Returns the header that states the total, such as `X-Total-Count`, and its value.
    pub(crate) fn header_total(&self) -> Option<(&'static str, i64)> {
        TOTAL_HEADERS.iter().find_map(|name| {
            // `Content-Range` has it behind a slash.
            let total = str_of(self.headers.get(*name)?)?.rsplit('/').next()?.trim().parse().ok()?;
            Some((*name, total))
        })
    }
}
