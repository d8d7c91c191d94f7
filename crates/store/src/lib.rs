//! The source of truth: documents, authors, crawls, searches and interactions in SQLite, PostgreSQL or
//! MySQL/MariaDB. A struct, not a trait: sea-orm abstracts the databases already, and its types stay within
//! this crate.
//!
//! - `connect`, `pool`, `file`, `migrations`: the connection pool, the file of SQLite, and the schema.
//! - `documents`, `authors`, `changes`: reads for searches, relations and indexes.
//! - `intake`, `removal`, `purge`, `revisions`: writes of documents, in one order of changes.
//! - `crawls`, `ledger`, `leases`: crawls, their pages, and the exclusive right to write them.
//! - `search_log`: the log of searches, its roll-ups and reports, its erasure and retention.
//! - `search_rules`: synonyms, stop words and rules of searches.
//! - `interactions`: clicks and conversions, their reports and their erasure.
//! - `metrics`: metrics of the database and the connection pool.
//! - `transaction`, `snapshot`, `failure`, `batch`, `idempotent_rows`: time limits, retries and sizes of statements.
//! - `sums`, `span`, `slice`: sums, periods and keyset pages in SQL.
//!
//! Deliberately not here: caching, and waiting for a database to recover. A call fails within seconds while
//! the database is down, and succeeds once it is back.

use std::sync::Arc;

use chrono::SubsecRound;
use sea_orm::DatabaseConnection;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use quarry_domain::{
    Crawl, CrawlId, CrawlState, DocumentDraft, DocumentId, FinalReason, FoundTier, LoggedSearch,
    LoggedSearchId, PagePosition, Rejection, Revision, SearchContext, SearchFact, SessionId, SourceName,
    Tally, Timestamp, UserId,
};

mod authors;
mod batch;
mod changes;
mod connect;
mod crawls;
mod documents;
mod entity;
mod failure;
mod file;
mod idempotent_rows;
mod intake;
mod interactions;
mod leases;
mod ledger;
mod metrics;
mod migrations;
mod pool;
mod purge;
mod removal;
mod revisions;
mod search_log;
mod search_rules;
mod server_check;
mod slice;
mod snapshot;
mod span;
mod sums;
mod transaction;

use self::failure::CallFailure;
use self::file::DatabaseFile;
pub use self::file::{sqlite_file, sqlite_files, sqlite_log};
pub use self::interactions::ExportedInteraction;
use self::metrics::StoreMetrics;
pub use self::metrics::StoreStatus;
pub use self::search_log::{
    ErasureMark, PopularSearch, RetentionHold, RetentionOutcome, RetentionTerms, SearchLogMark,
};
pub use self::search_rules::{RuleChanges, RuleCounts, RuleEntry, RuleKind, RuleOutcome};
pub use self::slice::Slice;

/// An error of the store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable or closed the connection; the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The caller does not hold the lease (any more).
    #[error("the lease {0:?} is held by another process")]
    LeaseLost(String),
    /// The database rejected a statement: a defect, or a schema without the latest migrations.
    #[error("the database refused a statement: {0}")]
    Refused(String),
    /// The database has migrations that this version does not have.
    #[error(
        "the database has migrations of a newer version of quarry, or of another program: use that version, or revert \
         them with its `quarry migrate down`"
    )]
    UnknownMigrations,
}

impl StoreError {
    /// The error of a call that this process no longer runs to its end.
    pub fn shutting_down() -> Self {
        Self::Unavailable("this process is shutting down".to_owned())
    }
}

/// The outcome of an upsert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpsertOutcome {
    /// New documents, and those restored after a deletion.
    pub inserted: usize,
    /// Documents with changed content.
    pub updated: usize,
    /// Documents that were stored with the same content.
    pub unchanged: usize,
    /// The latest revision at the commit.
    ///
    /// An index that has applied it shows all documents of the call.
    pub revision: Revision,
}

/// The outcome of a deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteOutcome {
    /// Deleted documents.
    pub deleted: usize,
    /// See [`UpsertOutcome::revision`].
    pub revision: Revision,
}

/// A lease on a name, held by one process of a fleet.
///
/// Every write of a crawl checks it within its transaction, so a process that lost it cannot write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The leased name.
    pub name: String,
    /// The process that holds the lease.
    pub holder: Uuid,
}

/// The identity of a page in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSlot {
    /// The crawl.
    pub crawl: CrawlId,
    /// The number of the page.
    pub position: PagePosition,
    /// The pass over the upstream, from 1.
    pub sweep: i32,
}

/// A fetched page, to be stored in one transaction.
#[derive(Clone, Debug)]
pub struct PageCommit {
    /// True if the attempt at the page is in the ledger already.
    pub is_attempted: bool,
    /// The identity of the page.
    pub slot: PageSlot,
    /// The HTTP status of its response; `None` if a page without a response was skipped.
    pub status: Option<i32>,
    /// Items on the page.
    pub items: i32,
    /// Rejected items.
    pub rejected: i32,
    /// The first rejected items.
    pub rejections: Vec<Rejection>,
    /// A digest of the page's keys.
    pub hash: String,
    /// The documents on the page, with unique keys.
    pub drafts: Vec<DocumentDraft>,
    /// Documents of rejected items: stored versions stay, and count as seen.
    pub kept: Vec<DocumentId>,
    /// Documents that the upstream states as deleted.
    pub deleted: Vec<DocumentId>,
    /// The mark of the documents that this crawl, or the failed one that it continues, has seen.
    pub tally: Tally,
    /// The total that the page states.
    pub expected_total: Option<i64>,
    /// The position of the next page, as JSON.
    pub cursor: String,
}

/// The outcome of a stored page.
#[derive(Clone, Debug, PartialEq)]
pub struct PageOutcome {
    /// The outcome for its documents.
    pub upsert: UpsertOutcome,
    /// The crawl after this page.
    pub crawl: Crawl,
}

/// The end of a crawl.
#[derive(Clone, Debug, PartialEq)]
pub struct CrawlEnd {
    /// The final state.
    pub state: CrawlState,
    /// A message for the operator.
    pub error: Option<String>,
    /// Deletes the documents of the source that are missing upstream, within a limit.
    pub sweep_vanished: Option<SweepVanished>,
}

/// The deletion of vanished documents at the end of a complete crawl.
///
/// A document is vanished if it lacks the tally. It is deleted if no crawl has seen it since `missed_since`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepVanished {
    /// The mark of the documents that the crawl has seen.
    pub tally: Tally,
    /// The tally of the earlier complete crawl that missed the documents to delete; `None` deletes nothing.
    pub missed_since: Option<Tally>,
    /// The largest share of the source's live documents to delete, 0 to 1.
    pub max_share: f64,
    /// The number of documents to delete beyond that share, but never all.
    pub max_count: u32,
}

/// The vanished documents of a complete crawl.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vanished {
    /// Live documents of the source from crawls, before the deletion.
    pub live: i64,
    /// Documents that are missing upstream.
    pub vanished: i64,
    /// Deleted documents: none above the limit, and only those that two complete crawls missed.
    pub removed: i64,
}

impl Vanished {
    /// Returns true if not one document is left.
    pub fn is_everything(&self) -> bool {
        self.live > 0 && self.vanished == self.live
    }
}

/// A search to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSearch {
    /// The idempotency key: the same in each attempt to log the same search.
    pub id: LoggedSearchId,
    /// 1 for a new search; a higher one supersedes the stored row if that has a lower one.
    pub revision: i64,
    /// The session of the user.
    pub session: SessionId,
    /// The user, if logged in.
    pub user: Option<UserId>,
    /// The text of the search, for display.
    pub query: String,
    /// The normalized text, equal for all spellings of one query; the store keeps 256 characters.
    pub query_key: String,
    /// The text exceeded the maximum and was truncated.
    pub truncated: bool,
    /// The number of keystrokes.
    pub keystrokes: i64,
    /// The number of results, if known.
    pub result_count: Option<i64>,
    /// The tiers that found them, if the server answered the search.
    pub tier: Option<FoundTier>,
    /// The facts about its request.
    pub context: SearchContext,
    /// The reason for its end.
    pub reason: FinalReason,
    /// The time of its first keystroke.
    pub started_at: Timestamp,
    /// The time of its last keystroke.
    pub last_keystroke_at: Timestamp,
}

/// The outcome of logging searches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOutcome {
    /// Searches that this call stored, in the given order: new ones, and those that superseded a row.
    pub inserted: Vec<LoggedSearch>,
    /// The number of those that superseded a row.
    pub superseded: usize,
    /// The number of searches that an earlier call stored, or that the call repeats.
    pub duplicates: usize,
    /// The number of searches that were dropped because the person was erased.
    pub erased: usize,
}

/// A filter for logged searches; all given conditions apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchLogFilter {
    /// The session.
    pub session: Option<SessionId>,
    /// The user.
    pub user: Option<UserId>,
    /// Searches of logged-in users, or anonymous ones.
    pub logged_in: Option<bool>,
    /// A prefix of `query_key`.
    pub query_key_prefix: Option<String>,
    /// The earliest last keystroke.
    pub from: Option<Timestamp>,
    /// The end of the period, exclusive.
    pub before: Option<Timestamp>,
    /// Searches without results, or all others, including those with an unknown number.
    pub zero_results: Option<bool>,
    /// The facts that the context holds.
    pub facts: Vec<SearchFact>,
}

/// The outcome of recording an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// This call stored it.
    Recorded,
    /// An earlier call stored it, or the call repeats it.
    Repeated,
    /// Its document was never stored.
    UnknownDocument,
    /// The person was erased after it happened: it is dropped.
    Erased,
}

/// The state of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration's name.
    pub name: String,
    /// True if the database has it.
    pub applied: bool,
}

/// The database. Clones share its pool.
#[derive(Clone)]
pub struct Store {
    database: DatabaseConnection,
    /// The latest revision that this process committed.
    committed: Arc<watch::Sender<Revision>>,
    /// The queue of this process's writers on SQLite.
    ///
    /// It is fair and leaves the pool's connections to readers, while writers of SQLite itself poll for the lock.
    write_lock: Option<Arc<Mutex<()>>>,
    metrics: Arc<StoreMetrics>,
    /// The file of an embedded database.
    file: Option<Arc<DatabaseFile>>,
}

/// A point in time in microseconds, as stored.
///
/// It has an offset, because the drivers send this type to MySQL as a `DATETIME`, but a `DateTime<Utc>` as
/// a `TIMESTAMP`, which ends in 2038: later times silently become null.
type StoredTime = chrono::DateTime<chrono::FixedOffset>;

fn stored(at: Timestamp) -> StoredTime {
    at.trunc_subsecs(6).fixed_offset()
}

fn source_name(stored: String) -> Result<SourceName, CallFailure> {
    SourceName::try_from(stored).map_err(|_| CallFailure::unreadable("source name"))
}
