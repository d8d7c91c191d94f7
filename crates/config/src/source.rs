//! A source: its address, its pagination, its fields and the limits of a crawl.

mod attribute;
mod auth;
mod body;
mod contradictions;
mod identity;
mod language;
mod list;
mod pagination;
mod parent;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use toml::Value;

pub use self::attribute::{AttributeConfig, AttributeType, AttributeUse};
use self::auth::method;
pub use self::auth::{ClientAuthStyle, RequestMethod, UpstreamAuth};
use self::body::body;
pub use self::body::{BodyContent, PostBody};
use self::language::language_setting;
pub use self::language::{Language, LanguageSetting};
pub(crate) use self::list::source_tables;
pub use self::list::{PushedSource, SourceContent, SourceList};
use self::pagination::locator;
pub use self::pagination::{Locator, NextKind, Pagination};
pub use self::parent::ParentValue;
pub(crate) use self::parent::{link_parents, parent_problems};
use super::cron::{CronSchedule, cron};
use super::date_format::{DateFormat, date_format};
use super::pointer::{
    FieldList, ItemsPath, JsonPointer, KeyFields, KeyPart, field_list, items_path, key_fields, pointer,
    pointers,
};
use super::secret::Secret;
use super::secret_values::{headers, params};
use super::setting::Scalar;
use super::table::{optional_table, settings_table, subtable, table_list, tagged};
use super::values::{MAX_BYTES, MAX_U32, choice, count, duration, redirect_hosts, share, switch, text};
use super::web_url::{WebUrl, web_url};
use quarry_domain::SourceName;

settings_table! {
    /// A source as it is configured.
    pub struct SourceConfig {
        /// The name of the source, unique among the sources.
        name: SourceName = source_name(),
        /// The address of the first page, without pagination parameters.
        /// `${NAME}` stands for that environment variable; `$${` for `${`.
        url: WebUrl = web_url(),
        /// The source whose items each have a list of this one: `{id}` in `url` stands for the member `id` of such an
        /// item, `{/author/id}` for the value at a pointer. As a whole value, so does it in `params` and `body`.
        parent: Option<SourceName> = source_name().optional(),
        /// The format of a page: `json`; `json_lines`, one item per line; or `csv`, with a header row.
        format: PageFormat = choice([PageFormat::Json, PageFormat::JsonLines, PageFormat::Csv]).default("json"),
        /// The path to the items of a page: a JSON pointer in which `*` stands for every member, or a simple
        /// JSONPath such as `$.data[*].record`; empty: the page is the array itself.
        items: ItemsPath = items_path().default(""),
        /// The pointer to the total number of items in a page, or `header:` and the name of its header.
        total: Option<Locator> = locator().optional(),
        /// The pointer to the number of pages, or `header:` and the name of its header.
        pages: Option<Locator> = locator().optional(),
        /// The pointers to members that state an error, from the top of the page and from each object around the
        /// items; `[]`: no member does, not even `success = false`.
        errors: Vec<JsonPointer> = pointers().default(["/error", "/errors", "/fault"].map(Value::from).to_vec()),
        /// The pagination of the source: a table with a `kind`.
        pagination: Pagination = tagged(),
        /// The pointers to the fields of an item.
        fields: FieldMap = subtable(),
        /// The headers of each request.
        /// `${NAME}` in a value stands for that environment variable; `$${` for `${`.
        headers: Vec<(String, Secret)> = headers(),
        /// The parameters that each request has, besides those of `url`.
        /// `${NAME}` in a value stands for that environment variable; `$${` for `${`.
        params: Vec<(String, Secret)> = params(),
        /// The method of requests, `GET` or `POST`.
        method: RequestMethod = method().default("GET"),
        /// The body of `POST` requests: a table, which becomes JSON, or text.
        /// `${NAME}` in its strings stands for that environment variable; `$${` for `${`.
        body: Option<PostBody> = body(),
        /// The authentication of requests: a table with a `kind`.
        auth: Option<UpstreamAuth> = optional_table(tagged()),
        /// The file with certificates (PEM) that are trusted besides those of the system.
        ca_file: Option<PathBuf> = text().optional(),
        /// The file with the certificate (PEM) that the source's requests present, and those above it.
        client_cert: Option<PathBuf> = text().optional(),
        /// The file with the private key (PEM) of `client_cert`.
        client_key: Option<PathBuf> = text().optional(),
        /// The language of the texts, for word forms: one of those in the documentation of search, a list of
        /// them, `auto` to detect the language of each document, or `none`.
        language: LanguageSetting = language_setting().default("english"),
        /// The members of `attributes` that can be searched, filtered, counted and sorted: one
        /// `[[sources.attributes]]` table each.
        attributes: Vec<AttributeConfig> = table_list(),
        /// The pause between the end of one request and the start of the next.
        delay: Duration = duration("0s").default("200ms"),
        /// The requests at one time: for pages by offset or number once the total is known, and for the lists of
        /// parents. Each `delay` lies between two requests in a row, so `concurrency` multiplies the rate.
        concurrency: u32 = count(1, 16).default(1),
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
        /// The reaction to an item that cannot become a document: `skip` it, or `fail` the crawl.
        on_reject: OnReject = choice([OnReject::Skip, OnReject::Fail]).default("skip"),
        /// The reaction to a page that cannot be fetched: `fail` the crawl, or `skip` the page.
        /// Only pages by offset or number can be skipped; such a crawl is incomplete.
        on_failed_page: OnFailedPage = choice([OnFailedPage::Fail, OnFailedPage::Skip]).default("fail"),
        /// The parameter by which a crawl asks for changed items only: a table.
        since: Option<SinceParam> = optional_table(subtable()),
        /// The signals of the upstream that its list has ended.
        stop: Option<StopSignals> = optional_table(subtable()),
        ..
        /// The fields of the parent's documents, once all sources are loaded.
        pub parent_fields: Option<FieldMap>
    }
}

settings_table! {
    /// The parameter by which a crawl asks for changed items only.
    pub struct SinceParam {
        /// The name of the parameter, or with `POST` its pointer into the body.
        param: String = text(),
        /// The pointer to the time of the last change in an item, or to a growing number.
        field: JsonPointer = pointer(),
        /// The time before the highest value seen from which a crawl asks again.
        overlap: Duration = duration("0s").default("1m"),
        /// The interval of crawls that ask for all items, which alone find vanished ones.
        full: Duration = duration("1s").default("1day"),
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
        /// The pointer to the item's id in the upstream; a list: the parts of a composite key; `#`: the name
        /// of an item that is a member of an object; a placeholder such as `{id}`: a value of the parent.
        key: KeyFields = key_fields(),
        /// The pointer to the text that is searched and shown; a list: texts that are joined.
        text: FieldList = field_list(),
        /// The pointer to the title; a list: texts that are joined.
        title: Option<FieldList> = field_list().optional(),
        /// Text and title are HTML, which becomes plain text.
        html: bool = switch().default(false),
        /// The pointer to the category.
        category: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the author's id in the upstream.
        author_key: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the author's name.
        author_name: Option<JsonPointer> = pointer().optional(),
        /// The pointer to the publication date.
        published_at: Option<JsonPointer> = pointer().optional(),
        /// The format of the publication date, for dates that are ambiguous: a strftime pattern, `epoch_s`,
        /// `epoch_ms`, `epoch_us` or `epoch_ns`.
        date_format: Option<DateFormat> = date_format().optional(),
        /// The pointer to a flag or a time of deletion; an item that has it is removed.
        deleted: Option<JsonPointer> = pointer().optional(),
    }
}

impl FieldMap {
    /// Returns true if a field is mapped from the value at a pointer, or from one that contains it.
    pub(crate) fn maps(&self, pointer: &str) -> bool {
        let keys = self.key.parts().iter().filter_map(|part| match part {
            KeyPart::Pointer(pointer) => Some(pointer),
            KeyPart::MemberName | KeyPart::Parent(_) | KeyPart::Constant(_) => None,
        });
        let lists = self.text.pointers().iter().chain(self.title.iter().flat_map(FieldList::pointers));
        let single = [&self.category, &self.author_key, &self.author_name, &self.published_at, &self.deleted];
        let mut mapped = keys.chain(lists).chain(single.into_iter().flatten());
        mapped.any(|mapped| {
            let below = pointer.strip_prefix(mapped.as_str());
            below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        })
    }
}

/// The reaction to an item that cannot become a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnReject {
    /// Count it, and list it in the ledger.
    #[default]
    Skip,
    /// End the crawl as failed.
    Fail,
}

/// The reaction to a page that cannot be fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailedPage {
    /// End the crawl as failed; the next one continues at the page.
    #[default]
    Fail,
    /// Continue behind the page.
    Skip,
}

/// The format of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFormat {
    /// A JSON value.
    #[default]
    Json,
    /// One JSON value per line.
    JsonLines,
    /// Comma-separated values with a header row.
    Csv,
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
