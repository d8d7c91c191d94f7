//! One source: where it is, how it is paged, and how patient a crawl of it is.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::domain::SourceName;

/// A JSON pointer (RFC 6901): empty, or beginning with `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPointer(String);

impl JsonPointer {
    /// Parses a pointer.
    pub fn parse(pointer: &str) -> Option<Self> {
        (pointer.is_empty() || pointer.starts_with('/')).then(|| Self(pointer.to_owned()))
    }

    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value that is sent but never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How the pages of a source are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pagination {
    /// `?offset=0&limit=100`, then on by the number of items received.
    Offset {
        /// The parameter that names the first item.
        offset: String,
        /// The parameter that names the page size.
        limit: String,
        /// Items to ask for.
        size: u32,
    },
    /// `?page=1&size=100`, then the next number.
    Page {
        /// The parameter that names the page.
        page: String,
        /// The parameter that names the page size.
        limit: String,
        /// Items to ask for.
        size: u32,
        /// The number of the first page.
        first: u32,
    },
    /// `?limit=100`, then `&cursor=…` from the answer until there is none.
    Cursor {
        /// The parameter that takes the cursor.
        cursor: String,
        /// The parameter that names the page size.
        limit: String,
        /// Items to ask for.
        size: u32,
        /// Where the answer holds the next cursor.
        next: JsonPointer,
    },
    /// The `Link` header's `rel="next"` until there is none.
    Link {
        /// The parameter that names the page size.
        limit: String,
        /// Items to ask for.
        size: u32,
    },
}

/// Where a document's fields are in an upstream item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMap {
    /// The upstream's id of the item.
    pub key: JsonPointer,
    /// What is searched and shown.
    pub text: JsonPointer,
    /// A heading.
    pub title: Option<JsonPointer>,
    /// The class it belongs to.
    pub category: Option<JsonPointer>,
    /// The upstream's id of the author.
    pub author_key: Option<JsonPointer>,
    /// The author's name.
    pub author_name: Option<JsonPointer>,
    /// When it was published.
    pub published_at: Option<JsonPointer>,
}

/// A source as it is configured, checked and complete.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceConfig {
    /// Its name, unique among the sources.
    pub name: SourceName,
    /// The address of its first page, without the paging parameters.
    pub url: Url,
    /// Where a page holds its items; empty for a page that is the array itself.
    pub items: JsonPointer,
    /// Where a page holds the total number of items.
    pub total: Option<JsonPointer>,
    /// How pages are asked for.
    pub pagination: Pagination,
    /// Where the fields are.
    pub fields: FieldMap,
    /// Headers to send; values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// The language whose word forms are matched: `english`, or `none`.
    pub language: Language,
    /// Between the end of one request and the start of the next.
    pub delay: Duration,
    /// Of one request, from connecting to the last byte.
    pub timeout: Duration,
    /// Between the end of a crawl and the start of the next; `None`: only when asked to,
    /// and once if the source was never completely crawled.
    pub refresh: Option<Duration>,
    /// Requests for one page that may fail before the crawl does.
    pub max_attempts: u32,
    /// Of these, answers of 4xx that are not known to pass (other than 408, 425, 429).
    pub max_refusals: u32,
    /// The first backoff's upper bound; it doubles with each failure.
    pub backoff: Duration,
    /// The largest backoff's upper bound.
    pub max_backoff: Duration,
    /// The longest `Retry-After` that is honoured in full.
    pub max_retry_after: Duration,
    /// The largest page, in bytes, after decompression.
    pub max_body_bytes: u64,
    /// Pages of one sweep.
    pub max_pages: u32,
    /// Passes over the upstream that a crawl may take to see every key.
    pub max_sweeps: u32,
    /// Redirects of one request.
    pub max_redirects: u32,
    /// Hosts other than the URL's own that a redirect may lead to.
    pub redirect_hosts: Vec<String>,
    /// Of one crawl, resumptions included.
    pub max_duration: Duration,
    /// The largest share of a source's documents that one crawl may remove, 0 to 1.
    pub max_shrink: f64,
}

/// A language whose word forms are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English (Snowball).
    #[default]
    English,
    /// No stemming: words match as they are written.
    None,
}
