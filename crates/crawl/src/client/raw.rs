//! A response of an unknown API, for an inspection. Pure.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderMap, LINK};
use url::Url;

use super::link_header::next_target;
use super::next_page;
use super::statements::str_of;
use crate::charset::decode;
use crate::inspect::normalized;

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

/// The ends of the names of headers that state the next page as a cursor or a number, normalized.
const NEXT_HEADERS: &[&str] = &[
    "continuation",
    "continuationtoken",
    "nextcursor",
    "cursornext",
    "nexttoken",
    "nextpagetoken",
    "nextpage",
    "nextmarker",
];
/// The same, as whole names.
const NEXT_NAMES: &[&str] = &["xcursor"];

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
    pub(crate) fn next_cursor(&self) -> Option<(String, String)> {
        self.headers.iter().find_map(|(name, value)| {
            let plain = normalized(name.as_str());
            let is_next = NEXT_NAMES.contains(&plain.as_str())
                || NEXT_HEADERS.iter().any(|end| plain.ends_with(end)) && !plain.contains("prev");
            let cursor = str_of(value).filter(|_| is_next)?.trim();
            (!next_page::is_end(cursor)).then(|| (name.to_string(), cursor.to_owned()))
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

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn the_next_page_is_known_by_the_end_of_a_name() {
        for (name, value, expected) in [
            ("x-ms-continuationtoken", "40", Some("40")),
            ("X-MS-Continuation", "c", Some("c")),
            ("acme-next-cursor", " c ", Some("c")),
            ("x-next-page", "", None),
            ("x-next-page", "2", Some("2")),
            ("x-cursor", "c", Some("c")),
            ("x-previous-continuation-token", "c", None),
            ("x-database-cursor", "c", None),
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            let headers = HeaderMap::from_iter([(name, value.parse().expect("a value"))]);
            let url = Url::parse("http://h/m").expect("a URL");
            let response = RawResponse { url, headers, body: Vec::new() };
            let found = response.next_cursor();
            let name = response.headers.keys().next().map(ToString::to_string).unwrap_or_default();
            assert_eq!(found.as_ref().map(|(_, cursor)| cursor.as_str()), expected, "{name}");
        }
    }
}
