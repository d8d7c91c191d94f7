use serde::{Deserialize, Serialize};

use super::{SourceName, Timestamp};

/// The id of a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrawlId(pub i64);

/// The state of a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrawlState {
    /// In progress, or interrupted and due to resume.
    Running,
    /// All keys of the upstream were seen.
    Completed,
    /// The crawl ended before it saw every key; no document was removed.
    Incomplete,
    /// A page failed for good, or a limit was exceeded; no document was removed.
    Failed,
}

impl CrawlState {
    /// The stored spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            CrawlState::Running => "running",
            CrawlState::Completed => "completed",
            CrawlState::Incomplete => "incomplete",
            CrawlState::Failed => "failed",
        }
    }

    /// Parses the stored spelling.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Completed, Self::Incomplete, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// The mark of the documents that a crawl has seen; later crawls have greater ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally(pub i64);

impl Tally {
    /// Earlier versions counted up to this often in one crawl.
    const COUNTS_PER_CRAWL: i64 = 1_000;

    /// Returns the tally of a crawl.
    pub fn of(crawl: CrawlId) -> Self {
        Self(crawl.0 * Self::COUNTS_PER_CRAWL)
    }
}

/// A run over an upstream, from its first page to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Crawl {
    /// The id; later crawls have greater ids.
    pub id: CrawlId,
    /// The crawled source.
    pub source: SourceName,
    /// The state.
    pub state: CrawlState,
    /// The start of the crawl.
    pub started_at: Timestamp,
    /// The end of the crawl.
    pub finished_at: Option<Timestamp>,
    /// Pages stored, over all sweeps.
    pub pages_fetched: i64,
    /// Requests sent, failed ones included.
    pub attempts: i64,
    /// Distinct keys seen, those of a failed crawl that it continues included.
    pub documents_seen: i64,
    /// New documents.
    pub inserted: i64,
    /// Documents with changed content.
    pub updated: i64,
    /// Documents seen without a change.
    pub unchanged: i64,
    /// Documents removed because the upstream no longer has them.
    pub deleted: i64,
    /// Invalid items: without a key, or over a limit.
    pub rejected: i64,
    /// The total that the upstream reports, if it does.
    pub expected_total: Option<i64>,
    /// The reason of a failed or incomplete crawl, or a warning for the operator.
    pub error: Option<String>,
    /// The operator lifted the shrink guard for this crawl.
    pub allow_shrink: bool,
    /// The position of the crawl: JSON that only `crawl` reads and writes.
    pub cursor: Option<String>,
}

/// The sequence number of a page within its crawl, over all sweeps, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PagePosition(pub i64);

/// An item of an upstream that could not become a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The key of the item, if it has a valid one.
    pub key: Option<String>,
    /// The problem; it quotes no value of the item.
    pub reason: String,
}

/// An entry of a crawl's ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct CrawlPage {
    /// The sequence number of the page within its crawl.
    pub position: PagePosition,
    /// The pass over the upstream, from 1.
    pub sweep: i32,
    /// Requests sent for this page, failed ones included.
    pub attempts: i32,
    /// The HTTP status of the latest attempt; none without a response.
    pub status: Option<i32>,
    /// Items on the page; 0 until it is stored.
    pub documents: i32,
    /// A digest of the page's keys; none until it is stored.
    pub hash: Option<String>,
    /// The error of each failed attempt.
    pub failures: Vec<String>,
    /// The first rejected items.
    pub rejections: Vec<Rejection>,
    /// The start of the latest attempt.
    pub fetched_at: Timestamp,
}
