//! The seam to the upstream: one page in, one page out.
//!
//! Deliberately without retries, pacing or paging: those are decided above it, once for
//! every adapter.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use url::Url;

/// The request for one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The address, paging parameters included.
    pub url: Url,
}

/// Where an answer says the next page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A value for the cursor parameter.
    Cursor(String),
    /// An address.
    Link(Url),
}

/// A page as the upstream served it.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedPage {
    /// The HTTP status.
    pub status: u16,
    /// The items, as they came.
    pub items: Vec<Value>,
    /// The total number of items, where the page states it.
    pub total: Option<i64>,
    /// Where the next page is, where the page says so.
    pub next: Option<Next>,
}

/// Why a page could not be fetched, split by how patient the crawl is with it. There is no
/// permanent failure: on the upstreams that this is built for, any answer may be a passing one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It is likely to pass: no answer, a broken one, or a status that asks to come back.
    #[error("{cause}")]
    Transient {
        /// A few words for the ledger.
        cause: String,
        /// The HTTP status, if an answer came.
        status: Option<u16>,
        /// How long the upstream asks to wait.
        retry_after: Option<Duration>,
    },
    /// The upstream, or a limit of ours, refuses the request: most such answers stay as they
    /// are, so they have a smaller budget of their own.
    #[error("{cause}")]
    Refused {
        /// A few words for the ledger.
        cause: String,
        /// The HTTP status.
        status: Option<u16>,
        /// How long the upstream asks to wait.
        retry_after: Option<Duration>,
    },
}

impl FetchError {
    /// A failure that no answer came with, or whose answer was broken.
    pub fn transient(cause: impl Into<String>, status: Option<u16>) -> Self {
        Self::Transient { cause: cause.into(), status, retry_after: None }
    }

    /// A refusal.
    pub fn refused(cause: impl Into<String>, status: Option<u16>) -> Self {
        Self::Refused { cause: cause.into(), status, retry_after: None }
    }

    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Transient { status, .. } | Self::Refused { status, .. } => *status,
        }
    }

    /// How long the upstream asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after, .. } | Self::Refused { retry_after, .. } => *retry_after,
        }
    }
}

/// An upstream of pages.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Makes one request. Must be safe to drop at any point.
    async fn fetch_page(&self, request: &PageRequest) -> Result<FetchedPage, FetchError>;
}
