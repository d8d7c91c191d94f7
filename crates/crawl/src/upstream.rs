//! The interface to an upstream: a request for one page, and the fetched page.
//!
//! Deliberately without retries, pacing or pagination: the crawler decides on those for every adapter.

use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use url::Url;

use super::json::Json;
use quarry_config::Secret;

/// The request for one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamRequest {
    /// The URL, with the paging parameters.
    pub url: Url,
    /// The body of a `POST` request, with the paging parameters that are pointers into it.
    pub body: Option<Secret>,
    /// The paging parameters that are headers, which the own host alone receives.
    pub headers: Vec<(String, String)>,
    /// The entity tag of the list as it is known, for `If-None-Match`.
    pub etag: Option<String>,
    /// Parameters that select the list of a parent, which each request to the own host has.
    pub params: Vec<(String, String)>,
}

impl From<Url> for UpstreamRequest {
    fn from(url: Url) -> Self {
        Self { url, body: None, headers: Vec::new(), etag: None, params: Vec::new() }
    }
}

/// The next page as a response states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// The value of the cursor parameter.
    Cursor(String),
    /// The same as the JSON of an array or object, for a body.
    Json(String),
    /// The URL.
    Link(Url),
}

/// A statement of a response about the whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stated<T> {
    /// The response lacks the member or header.
    #[default]
    Absent,
    /// The response has it without a value, such as null.
    Empty,
    /// The value.
    Value(T),
}

impl<T> Stated<T> {
    /// Returns the value, if the response states one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Empty => None,
        }
    }
}

/// An item of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamItem {
    /// The name of an item that is a member of an object.
    pub name: Option<String>,
    /// The value, or the error of an item that is no JSON, such as one line of many.
    pub content: Result<Json, String>,
}

impl From<Json> for UpstreamItem {
    fn from(value: Json) -> Self {
        Self { name: None, content: Ok(value) }
    }
}

/// A page of the upstream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchedPage {
    /// The HTTP status.
    pub status: u16,
    /// The items.
    pub items: Vec<UpstreamItem>,
    /// The total number of items.
    pub total: Stated<i64>,
    /// The number of pages.
    pub pages: Option<i64>,
    /// The next page.
    pub next: Stated<NextPage>,
    /// The page states that others follow it, or that none does.
    pub has_more: Option<bool>,
    /// The error that the body states beside its items.
    pub error: Option<String>,
    /// A digest of the members of the body beside its items.
    pub frame: Option<u32>,
    /// The entity tag of the page.
    pub etag: Option<String>,
    /// The pause that the upstream requests before the next request.
    pub wait: Option<Duration>,
}

impl FetchedPage {
    /// Returns true if the upstream confirmed the entity tag of the request.
    pub fn is_unmodified(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }
}

/// A failed request.
///
/// No failure is permanent: an unreliable upstream may return any response transiently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct FetchError {
    /// The cause for the ledger.
    pub cause: String,
    /// The HTTP status of the response, if any.
    pub status: Option<u16>,
    /// A refusal by the upstream or by a limit of the source.
    ///
    /// Most refusals persist, so they have a smaller budget of retries.
    pub is_refusal: bool,
    /// A success without a body, as which some upstreams answer behind the last page.
    pub is_empty: bool,
    /// The delay that the upstream requests.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    /// Creates a likely transient failure: no response, a broken one, or a retryable status.
    pub fn transient(cause: impl Into<String>, status: Option<u16>) -> Self {
        Self { cause: cause.into(), status, is_refusal: false, is_empty: false, retry_after: None }
    }

    /// Creates a refusal.
    pub fn refused(cause: impl Into<String>, status: Option<u16>) -> Self {
        Self { is_refusal: true, ..Self::transient(cause, status) }
    }
}

/// A source of pages.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Sends one request. The future may be dropped at any point.
    async fn fetch_page(&self, request: &UpstreamRequest) -> Result<FetchedPage, FetchError>;
}
