use super::{SourceName, Timestamp};

/// Identifies a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrawlId(pub i64);

/// How a crawl stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrawlState {
    /// Under way, or cut off and waiting to be resumed.
    Running,
    /// Every key that the upstream states was seen.
    Completed,
    /// It ended without having seen every key; nothing was removed.
    Incomplete,
    /// A page could not be fetched, or a limit was hit; nothing was removed.
    Failed,
}

impl CrawlState {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            CrawlState::Running => "running",
            CrawlState::Completed => "completed",
            CrawlState::Incomplete => "incomplete",
            CrawlState::Failed => "failed",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Completed, Self::Incomplete, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// Marks the documents that one count of one crawl has seen.
///
/// A moved total restarts the count, so a crawl may use several tallies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally(pub i64);

impl Tally {
    /// Counts a crawl may restart; more end it as incomplete.
    pub const MAX_RESTARTS: u32 = 1_000;

    /// The tally of the `restarts`-th count of a crawl.
    pub fn of(crawl: CrawlId, restarts: u32) -> Self {
        Self(crawl.0 * i64::from(Self::MAX_RESTARTS) + i64::from(restarts.min(Self::MAX_RESTARTS - 1)))
    }
}

/// One run over an upstream, from its first page to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Crawl {
    /// Identifies it; later crawls have greater ids.
    pub id: CrawlId,
    /// What is crawled.
    pub source: SourceName,
    /// How it stands.
    pub state: CrawlState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Pages taken, over all sweeps.
    pub pages_fetched: i64,
    /// Requests made, failed ones too.
    pub attempts: i64,
    /// Distinct keys seen in the current count.
    pub documents_seen: i64,
    /// Documents that were new.
    pub inserted: i64,
    /// Documents whose content had changed.
    pub updated: i64,
    /// Documents seen that were already stored as they are.
    pub unchanged: i64,
    /// Documents removed because they vanished upstream.
    pub deleted: i64,
    /// Items that could not be taken (no key, over a limit).
    pub rejected: i64,
    /// The total that the upstream states, where it states one.
    pub expected_total: Option<i64>,
    /// Why it failed or is incomplete, or what the operator should know.
    pub error: Option<String>,
    /// The operator allowed this crawl to remove more than the shrink guard does.
    pub allow_shrink: bool,
    /// Where the crawl stands: JSON that only `crawl` reads and writes.
    pub cursor: Option<String>,
}

/// The running number of a page within its crawl, over all sweeps, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PagePosition(pub i64);

/// One line of a crawl's ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct CrawlPage {
    /// The running number of the page within its crawl.
    pub position: PagePosition,
    /// Which pass over the upstream it belongs to, from 1.
    pub sweep: i32,
    /// Requests made for this page, failed ones too.
    pub attempts: i32,
    /// The HTTP status of the latest attempt; none when no answer came.
    pub status: Option<i32>,
    /// Items on the page; 0 until it was taken.
    pub documents: i32,
    /// A digest of the page's keys; none until it was taken.
    pub hash: Option<String>,
    /// What went wrong before the page was taken, attempt by attempt.
    pub failures: Vec<String>,
    /// When the latest attempt began.
    pub fetched_at: Timestamp,
}
