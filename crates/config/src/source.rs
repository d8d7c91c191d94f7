//! A source: its address, its pagination, its fields and the limits of a crawl.

use std::time::Duration;

use serde::Serialize;
use toml::Value;
use url::Url;

use super::cron::{CronSchedule, cron};
use super::headers::headers;
use super::secret::Secret;
use super::setting::Scalar;
use super::table::{optional_table, settings_enum, settings_table, subtable, tagged};
use super::values::{MAX_BYTES, MAX_U32, choice, count, duration, redirect_hosts, share, text, web_url};
use quarry_domain::SourceName;

settings_table! {
    /// A source as it is configured.
    pub struct SourceConfig {
        /// The name of the source, unique among the sources.
        name: SourceName = source_name(),
        /// The address of the first page, without pagination parameters.
        url: Url = web_url(),
        /// The pointer to the items of a page; empty: the page is the array itself.
        items: JsonPointer = pointer().default(""),
        /// The pointer to the total number of items in a page.
        total: Option<JsonPointer> = pointer().optional(),
        /// The pagination of the source: a table with a `kind`.
        pagination: Pagination = tagged(),
        /// The pointers to the fields of an item.
        fields: FieldMap = subtable(),
        /// The headers of each request.
        /// `${NAME}` in a value stands for that environment variable; `$${` for `${`.
        headers: Vec<(String, Secret)> = headers(),
        /// The language for stemming: `english`, or `none`.
        language: Language = choice([Language::English, Language::None]).default("english"),
        /// The pause between the end of one request and the start of the next.
        delay: Duration = duration("0s").default("200ms"),
        /// The timeout of one request, from connecting to the last byte.
        timeout: Duration = duration("1ms").default("10s"),
        /// The pause between the end of a crawl and the start of the next.
        /// Absent: the source is crawled on request, and initially until it is complete.
        refresh: Option<Duration> = duration("1s").optional(),
        /// The times of crawls in place of `refresh`: five fields of cron, in UTC, such as `0 3 * * *`.
        schedule: Option<CronSchedule> = cron().optional(),
        /// The attempts to fetch one page before the crawl fails.
        max_attempts: u32 = count(1, 1_000).default(25),
        /// Attempts among these that may end with a 4xx status except 408, 425, 429.
        max_refusals: u32 = count(0, 1_000).default(12),
        /// The upper bound of the first backoff; it doubles with each failure.
        backoff: Duration = duration("0s").default("250ms"),
        /// The upper bound of the largest backoff.
        max_backoff: Duration = duration("0s").default("20s"),
        /// The longest `Retry-After` that is honoured in full.
        max_retry_after: Duration = duration("0s").default("1m"),
        /// The largest page, in bytes, after decompression.
        max_body_bytes: u64 = count(1_024, MAX_BYTES).default(16_777_216),
        /// The pages of one sweep over the upstream.
        max_pages: u32 = count(1, MAX_U32).default(100_000),
        /// The sweeps of a crawl until it has seen every key.
        max_sweeps: u32 = count(1, 1_000).default(8),
        /// The redirects of one request.
        max_redirects: u32 = count(0, 20).default(5),
        /// Hosts that redirects may lead to besides the host of `url`, as `host:port`.
        /// Without a port: the default port of `http` or `https`, or the port of `url`.
        redirect_hosts: Vec<String> = redirect_hosts().default(Vec::<Value>::new()),
        /// The longest duration of one crawl, resumptions included.
        max_duration: Duration = duration("1ms").default("1day"),
        /// The largest share of the source's documents that one crawl may remove, 0 to 1.
        max_shrink: f64 = share().default(0.2),
        /// The number of documents that one crawl may remove beyond that share, but never all.
        max_shrink_count: u32 = count(0, MAX_U32).default(5),
        /// The signals of the upstream that its list has ended.
        stop: Option<StopSignals> = optional_table(subtable()),
    }
}

settings_enum! {
    /// The pagination of a source.
    #[derive(Eq)]
    pub enum Pagination {
        /// `?offset=0&limit=100`; the offset grows by the number of items received.
        Offset = "offset" {
            /// The parameter for the number of the first item.
            offset: String = text().default("skip"),
            /// The parameter for the page size.
            limit: String = text().default("limit"),
            /// The items of one request.
            size: u32 = page_size(),
        }
        /// `?page=1&size=100`; the page number grows by one.
        Page = "page" {
            /// The parameter for the page number.
            page: String = text().default("page"),
            /// The parameter for the page size.
            limit: String = text().default("size"),
            /// The items of one request.
            size: u32 = page_size(),
            /// The number of the first page.
            first: u32 = count(0, MAX_U32).default(1),
        }
        /// `?limit=100`, then `&cursor=…` from the response until it has none.
        Cursor = "cursor" {
            /// The parameter for the cursor.
            cursor: String = text().default("cursor"),
            /// The parameter for the page size.
            limit: String = text().default("limit"),
            /// The items of one request.
            size: u32 = page_size(),
            /// The pointer to the next cursor in the response.
            next: JsonPointer = pointer().default("/next_cursor"),
        }
        /// The `Link` header's `rel="next"` until there is none.
        Link = "link" {
            /// The parameter for the page size.
            limit: String = text().default("per_page"),
            /// The items of one request.
            size: u32 = page_size(),
        }
    }
}

settings_table! {
    /// The signals that a list has ended, besides those that are recognized without settings.
    pub struct StopSignals {
        /// The statuses of a response after the last page, such as `[404]`.
        status: Vec<u16> = statuses().default(Vec::<Value>::new()),
        /// The pointer to a member that states the end, such as `/has_more`.
        when: Option<JsonPointer> = pointer().optional(),
        /// The value of that member on the last page: true, false, a number or text.
        equals: StopValue = stop_value().default(false),
    }
}

/// A scalar that a member of a response is compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum StopValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

settings_table! {
    /// The pointers to a document's fields in an upstream item.
    #[derive(Eq)]
    pub struct FieldMap {
        /// The pointer to the item's id in the upstream.
        key: JsonPointer = pointer(),
        /// The pointer to the text that is searched and shown.
        text: JsonPointer = pointer(),
        /// The pointer to the title.
        title: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the category.
        category: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the author's id in the upstream.
        author_key: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the author's name.
        author_name: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the publication date.
        published_at: Option<JsonPointer> = pointer().optional(),
    }
}

/// The language for stemming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English (Snowball).
    #[default]
    English,
    /// No stemming: words match as they are written.
    None,
}

/// A JSON pointer (RFC 6901): empty, or beginning with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
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

fn pointer() -> Scalar<JsonPointer> {
    Scalar::from_text("a JSON pointer: empty, or beginning with `/`", JsonPointer::parse)
}

fn statuses() -> Scalar<Vec<u16>> {
    let status = |value: &Value| {
        let status = u16::try_from(value.as_integer()?).ok()?;
        (status == 204 || (400..600).contains(&status)).then_some(status)
    };
    let read = move |value: &Value| value.as_array()?.iter().map(status).collect();
    Scalar::new("a list of HTTP statuses: 204, or 400 to 599", read)
        .with_items(move |item| status(item).is_some())
}

fn stop_value() -> Scalar<StopValue> {
    Scalar::new("true, false, a whole number or text", |value| match value {
        Value::Boolean(truth) => Some(StopValue::Bool(*truth)),
        Value::Integer(number) => Some(StopValue::Integer(*number)),
        Value::String(text) => Some(StopValue::Text(text.clone())),
        _ => None,
    })
}

fn source_name() -> Scalar<SourceName> {
    let expected = "a name of 1 to 64 characters, without control characters or blanks at its ends";
    Scalar::from_text(expected, |text| SourceName::parse(text).ok())
}

fn page_size() -> Scalar<u32> {
    count(1, MAX_U32).default(100)
}
