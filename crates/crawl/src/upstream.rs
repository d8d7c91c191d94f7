//! The interface to an upstream: a request for one page, and the fetched page.
//!
//! Deliberately without retries, pacing or pagination: the crawler decides on those for every adapter.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use url::Url;

/// The request for one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamRequest {
    /// The URL, with the paging parameters.
    pub url: Url,
}

/// The next page as a response states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// The value of the cursor parameter.
    Cursor(String),
    /// The URL.
    Link(Url),
}

/// A page of the upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedPage {
    /// The HTTP status.
    pub status: u16,
    /// The items.
    pub items: Vec<Value>,
    /// The total number of items, if the page states it.
    pub total: Option<i64>,
    /// The next page, if the page states it.
    pub next: Option<NextPage>,
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
    /// The delay that the upstream requests.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    /// Creates a likely transient failure: no response, a broken one, or a retryable status.
    pub fn transient(cause: impl Into<String>, status: Option<u16>) -> Self {
        Self { cause: cause.into(), status, is_refusal: false, retry_after: None }
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
