//! The total, the number of pages and the next page in the headers of a response. Pure.

use http::header::{HeaderMap, HeaderValue, LINK};
use url::Url;

use super::link_header::next_target;
use super::next_page;
use crate::upstream::{NextPage, Stated};
use quarry_config::{Locator, NextKind, Pagination, SourceConfig};

/// The headers for the total of an upstream with `Link` headers, if the settings name none.
///
/// The body of such an upstream is often a bare array.
const TOTAL_HEADERS: &[&str] = &["x-total-count", "x-total", "x-wp-total", "total-count"];

/// The statements in the headers of a response.
#[derive(Debug, Default, PartialEq)]
pub(super) struct HeaderStatements {
    pub(super) total: Stated<i64>,
    pub(super) pages: Stated<i64>,
    pub(super) next: Stated<NextPage>,
    /// A `Link` header has a next page, although the settings say that there is none.
    pub(super) has_more: Option<bool>,
}

impl HeaderStatements {
    /// Reads the headers that the settings name, in a response from `url`.
    pub(super) fn read(headers: &HeaderMap, config: &SourceConfig, url: &Url) -> Result<Self, String> {
        let is_link_paged = matches!(config.pagination, Pagination::Link { .. });
        let total = match config.total.as_ref().and_then(Locator::header) {
            Some(name) => read_count(headers, name)?,
            None if is_link_paged => TOTAL_HEADERS
                .iter()
                .find_map(|name| str_of(headers.get(*name)?)?.trim().parse().ok())
                .filter(|total| *total >= 0)
                .map_or(Stated::Absent, Stated::Value),
            None => Stated::Absent,
        };
        let pages = match config.pages.as_ref().and_then(Locator::header) {
            Some(name) => read_count(headers, name)?,
            None => Stated::Absent,
        };
        let next = match &config.pagination {
            Pagination::Link { .. } => {
                let lines = headers.get_all(LINK).iter().filter_map(str_of);
                match next_target(lines) {
                    Some(target) => Stated::Value(NextPage::Link(valid(next_page::link(target, url))?)),
                    None => Stated::Absent,
                }
            }
            Pagination::Cursor { next: Locator::Header(name), next_is, .. } => {
                read_next(headers, name, url, *next_is)?
            }
            _ => Stated::Absent,
        };
        let is_single = matches!(config.pagination, Pagination::SinglePage {});
        let promises_more = || next_target(headers.get_all(LINK).iter().filter_map(str_of)).is_some();
        let has_more = (is_single && promises_more()).then_some(true);
        Ok(Self { total, pages, next, has_more })
    }
}

fn read_next(headers: &HeaderMap, name: &str, url: &Url, kind: NextKind) -> Result<Stated<NextPage>, String> {
    let Some(value) = headers.get(name) else { return Ok(Stated::Absent) };
    let text = str_of(value).ok_or_else(|| format!("the header {name} is not text"))?;
    if next_page::is_end(text) {
        return Ok(Stated::Empty);
    }
    Ok(Stated::Value(valid(next_page::resolve(text.trim(), url, kind))?))
}

/// Reads a number, which `Content-Range` has behind a slash.
fn read_count(headers: &HeaderMap, name: &str) -> Result<Stated<i64>, String> {
    let Some(value) = headers.get(name) else { return Ok(Stated::Absent) };
    let text = str_of(value).unwrap_or_default();
    let text = text.rsplit('/').next().unwrap_or_default().trim();
    if matches!(text, "" | "*" | "-1" | "null") {
        return Ok(Stated::Empty);
    }
    match text.parse() {
        Ok(count) if count >= 0 => Ok(Stated::Value(count)),
        _ => Err(format!("not the expected shape: no number in the header {name}")),
    }
}

fn valid<T>(link: Option<T>) -> Result<T, String> {
    link.ok_or_else(|| "the next link is not a valid URL".to_owned())
}

/// Returns the text of a header, in UTF-8, which some servers use in links.
pub(super) fn str_of(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;
    use crate::fixtures::config;

    #[test]
    fn counts_are_read_from_headers() {
        let count = |value: &str| {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static("x-n"), value.parse().expect("a value"))]);
            read_count(&headers, "X-N")
        };
        for (value, expected) in [
            ("120", Stated::Value(120)),
            (" 0 ", Stated::Value(0)),
            ("items 0-24/319", Stated::Value(319)),
            ("0-24/*", Stated::Empty),
            ("", Stated::Empty),
            ("-1", Stated::Empty),
        ] {
            assert_eq!(count(value), Ok(expected), "{value}");
        }
        assert_eq!(count("many"), Err("not the expected shape: no number in the header X-N".to_owned()));
        assert_eq!(read_count(&HeaderMap::new(), "x-n"), Ok(Stated::Absent));
    }

    #[test]
    fn the_next_page_is_read_from_the_header_of_the_settings() {
        let mut config = config();
        config.pagination = Pagination::Cursor {
            cursor: "c".to_owned(),
            cursor_format: "{}".to_owned(),
            limit: String::new(),
            size: 5,
            next: Locator::Header("X-Next".to_owned()),
            next_is: NextKind::Auto,
        };
        let next = |value: Option<&str>| {
            let value =
                value.map(|value| (HeaderName::from_static("x-next"), value.parse().expect("a value")));
            HeaderStatements::read(&value.into_iter().collect(), &config, &config.url).map(|read| read.next)
        };
        let link = Url::parse("http://h/m?c=2").expect("a URL");
        assert_eq!(next(Some("abc=")), Ok(Stated::Value(NextPage::Cursor("abc=".to_owned()))));
        assert_eq!(next(Some("?c=2")), Ok(Stated::Value(NextPage::Link(link))));
        assert_eq!(next(Some("null")), Ok(Stated::Empty));
        assert_eq!(next(None), Ok(Stated::Absent));
    }
}
