//! One source: where it is, how it is paged, and how patient a crawl of it is.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::show;
use quarry_domain::SourceName;

/// A JSON pointer (RFC 6901): empty, or beginning with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
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

impl TryFrom<String> for JsonPointer {
    type Error = &'static str;
    fn try_from(pointer: String) -> Result<Self, &'static str> {
        Self::parse(&pointer).ok_or("a JSON pointer is empty or begins with `/`")
    }
}

impl From<JsonPointer> for String {
    fn from(pointer: JsonPointer) -> String {
        pointer.0
    }
}

/// A value that is sent but never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// What is shown in its place.
    pub const REDACTED: &'static str = "[redacted]";

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
        f.write_str(Self::REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::REDACTED)
    }
}

/// How the pages of a source are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMap {
    /// The upstream's id of the item.
    pub key: JsonPointer,
    /// What is searched and shown.
    pub text: JsonPointer,
    /// A heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<JsonPointer>,
    /// The class it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<JsonPointer>,
    /// The upstream's id of the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_key: Option<JsonPointer>,
    /// The author's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_name: Option<JsonPointer>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<JsonPointer>,
}

/// A source as it is configured, checked and complete.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Its name, unique among the sources.
    pub name: SourceName,
    /// The address of its first page, without the paging parameters.
    #[serde(serialize_with = "show::web_url")]
    pub url: Url,
    /// Where a page holds its items; empty for a page that is the array itself.
    pub items: JsonPointer,
    /// Where a page holds the total number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<JsonPointer>,
    /// How pages are asked for.
    pub pagination: Pagination,
    /// Where the fields are.
    pub fields: FieldMap,
    /// Headers to send; values may be secrets.
    #[serde(with = "headers")]
    pub headers: Vec<(String, Secret)>,
    /// The language whose word forms are matched: `english`, or `none`.
    pub language: Language,
    /// Between the end of one request and the start of the next.
    #[serde(with = "humantime_serde")]
    pub delay: Duration,
    /// Of one request, from connecting to the last byte.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Between the end of a crawl and the start of the next; `None`: only when asked to,
    /// and once if the source was never completely crawled.
    #[serde(default, with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Duration>,
    /// Requests for one page that may fail before the crawl does.
    pub max_attempts: u32,
    /// Of these, answers of 4xx that are not known to pass (other than 408, 425, 429).
    pub max_refusals: u32,
    /// The first backoff's upper bound; it doubles with each failure.
    #[serde(with = "humantime_serde")]
    pub backoff: Duration,
    /// The largest backoff's upper bound.
    #[serde(with = "humantime_serde")]
    pub max_backoff: Duration,
    /// The longest `Retry-After` that is honoured in full.
    #[serde(with = "humantime_serde")]
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
    #[serde(with = "humantime_serde")]
    pub max_duration: Duration,
    /// The largest share of a source's documents that one crawl may remove, 0 to 1.
    pub max_shrink: f64,
}

/// A language whose word forms are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English (Snowball).
    #[default]
    English,
    /// No stemming: words match as they are written.
    None,
}

/// Headers are a table in the file and a list here: the order of sending is the table's.
mod headers {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Secret;

    pub(super) fn serialize<S: Serializer>(
        headers: &[(String, Secret)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, Secret)>, D::Error> {
        Ok(BTreeMap::deserialize(deserializer)?.into_iter().collect())
    }
}
