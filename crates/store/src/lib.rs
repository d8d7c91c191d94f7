//! The truth: documents, authors, crawls, the page ledger and leases, in SQLite, PostgreSQL
//! or MySQL/MariaDB. A struct, not a trait: sea-orm already abstracts the databases, and no
//! sea-orm type leaves this folder.

//!
//! - `connect`, `pool`, `file`, `migrations`: one pool, its connections, the file behind it if any, and the schema.
//! - `documents`, `authors`, `changes`: what searches, relations and indexes read.
//! - `intake`, `removal`, `revisions`: how documents are written, in the one order of changes.
//! - `crawls`, `ledger`, `leases`: what a crawl has done, and who may go on with it.
//! - `search_log`: what people searched for, what reports add up of it, and its erasure.
//! - `interactions`: what people clicked and bought, what reports add up of it, and its erasure.
//! - `metrics`: how the database and the pool of connections to it stand.
//! - `transaction`, `snapshot`, `failure`, `batch`, `plans`: how every statement is bounded, repeated and explained.
//! - `sums`: how what is added up is written in SQL.
//!
//! Deliberately not here: caching, and waiting for a database to come back. A call fails within
//! seconds where the database is away, and works again when it is back.

use std::sync::Arc;

use chrono::SubsecRound;
use sea_orm::DatabaseConnection;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use quarry_domain::{
    Crawl, CrawlId, CrawlState, DocumentDraft, FinalReason, LoggedSearch, LoggedSearchId, PagePosition,
    Revision, SessionId, Timestamp, UserId,
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
mod intake;
mod interactions;
mod leases;
mod ledger;
mod metrics;
mod migrations;
mod own_rows;
mod plans;
mod pool;
mod removal;
mod revisions;
mod search_log;
mod slice;
mod snapshot;
mod span;
mod sums;
mod transaction;

use self::file::DatabaseFile;
pub use self::file::{sqlite_file, sqlite_files, sqlite_log};
use self::metrics::StoreMetrics;
pub use self::metrics::StoreStatus;
pub use self::search_log::{
    ErasureMark, PopularSearch, RetentionHold, RetentionOutcome, RetentionTerms, SearchLogMark,
};
pub use self::slice::Slice;

/// Why the store could not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or broke off; the same call may work later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The lease that the call needs is not (or no longer) held.
    #[error("the lease {0:?} is held by another process")]
    LeaseLost(String),
    /// The database refused the statement: a defect, or a schema that is not migrated.
    #[error("the database refused a statement: {0}")]
    Refused(String),
}

/// What an upsert did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpsertOutcome {
    /// Documents that were new (or came back after a removal).
    pub inserted: usize,
    /// Documents whose content changed.
    pub updated: usize,
    /// Documents that were already stored as they are.
    pub unchanged: usize,
    /// The latest revision when the call committed: an index that has applied it shows
    /// everything that the call stored.
    pub revision: Revision,
}

/// What a removal did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteOutcome {
    /// Documents that were there and are gone.
    pub deleted: usize,
    /// As [`UpsertOutcome::revision`].
    pub revision: Revision,
}

/// A lease on a name, held by one process of a fleet. Every writing call of a crawl checks
/// it within its transaction, so a process that lost it cannot write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is leased.
    pub name: String,
    /// The process that holds it.
    pub holder: Uuid,
}

/// Where a page belongs: named by every ledger call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSlot {
    /// The crawl.
    pub crawl: CrawlId,
    /// The running number of the page.
    pub position: PagePosition,
    /// The pass over the upstream, from 1.
    pub sweep: i32,
}

/// A fetched page, to be stored in one transaction.
#[derive(Clone, Debug)]
pub struct PageCommit {
    /// Where the page belongs.
    pub slot: PageSlot,
    /// The HTTP status it came with.
    pub status: i32,
    /// Items on the page.
    pub items: i32,
    /// Items that could not be taken.
    pub rejected: i32,
    /// A digest of the page's keys.
    pub hash: String,
    /// The documents on the page, at most one of a key.
    pub drafts: Vec<DocumentDraft>,
    /// How often the count was restarted so far: names the tally to count in.
    pub restarts: u32,
    /// This page restarts the count: `documents_seen` begins anew with it.
    pub restart: bool,
    /// The total as the page states it.
    pub expected_total: Option<i64>,
    /// Where the crawl goes on: JSON.
    pub cursor: String,
}

/// What storing a page did.
#[derive(Clone, Debug, PartialEq)]
pub struct PageOutcome {
    /// What became of its documents.
    pub upsert: UpsertOutcome,
    /// The crawl after this page.
    pub crawl: Crawl,
}

/// How a crawl ends.
#[derive(Clone, Debug, PartialEq)]
pub struct CrawlEnd {
    /// The final state.
    pub state: CrawlState,
    /// What the operator should know.
    pub error: Option<String>,
    /// Remove the documents of the source that this tally (of `restarts`) has not seen, if
    /// they are at most this share of the live documents of the source.
    pub sweep_vanished: Option<SweepVanished>,
}

/// The removal of vanished documents at the end of a complete crawl.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepVanished {
    /// Names the tally that saw every key.
    pub restarts: u32,
    /// The largest share of the source's live documents to remove, 0 to 1.
    pub max_share: f64,
}

/// The vanished documents of a complete crawl.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vanished {
    /// Live documents of the source that once came from a crawl, before the removal.
    pub live: i64,
    /// Those that the upstream no longer has.
    pub vanished: i64,
    /// Those that were removed: all that vanished, or none where the guard held.
    pub removed: i64,
}

/// A search, to be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSearch {
    /// Its id: the same whenever the same search is brought again.
    pub id: LoggedSearchId,
    /// The visitor's session.
    pub session: SessionId,
    /// The visitor, where logged in.
    pub user: Option<UserId>,
    /// What was searched for, as it is to be read.
    pub query: String,
    /// What its spellings are compared by: the same for all that count as one query. The store
    /// keeps, and compares, its first 256 characters.
    pub query_key: String,
    /// The text was longer than what is kept.
    pub truncated: bool,
    /// How many keystrokes went into it.
    pub keystrokes: i64,
    /// How many documents it found, where known.
    pub result_count: Option<i64>,
    /// Why it was final.
    pub reason: FinalReason,
    /// When its first keystroke arrived.
    pub started_at: Timestamp,
    /// When its last keystroke arrived.
    pub last_keystroke_at: Timestamp,
}

/// What became of searches that were to be logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOutcome {
    /// Those that this call stored, in the order given.
    pub inserted: Vec<LoggedSearch>,
    /// How many had been stored already, or stood in the call before.
    pub duplicates: usize,
    /// How many were left out because the person was erased.
    pub erased: usize,
}

/// Which logged searches: those that meet all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchLogFilter {
    /// Of this session.
    pub session: Option<SessionId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of any user, or of visitors that were not logged in.
    pub logged_in: Option<bool>,
    /// Whose `query_key` begins so.
    pub query_key_prefix: Option<String>,
    /// Whose last keystroke was then or later.
    pub from: Option<Timestamp>,
    /// Whose last keystroke was earlier.
    pub before: Option<Timestamp>,
    /// That found nothing; or all others, those whose number of results is unknown among them.
    pub zero_results: Option<bool>,
}

/// What became of an interaction that was to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// It is stored.
    Recorded,
    /// It had been stored already, or stood in the call before.
    Repeated,
    /// Nobody ever stored its document.
    UnknownDocument,
    /// The person was erased, and it happened before that: nothing of it is kept.
    Erased,
}

/// How the migrations of a database stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration's name.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// The database. Clones share its pool.
#[derive(Clone)]
pub struct Store {
    database: DatabaseConnection,
    /// The latest revision that this process committed.
    committed: Arc<watch::Sender<Revision>>,
    /// The turns of this process's writers, where the database is SQLite: queueing here is fair
    /// and keeps the pool's connections for those who read, while SQLite itself makes writers
    /// poll for their turn.
    turns: Option<Arc<Mutex<()>>>,
    metrics: Arc<StoreMetrics>,
    /// The file, where the database is in one.
    file: Option<Arc<DatabaseFile>>,
}

/// A point in time as it is written.
///
/// All three databases keep microseconds. With an offset, because the drivers send this type to
/// MySQL as a `DATETIME`, but a `DateTime<Utc>` as a `TIMESTAMP`, which ends in 2038: what lies
/// beyond silently becomes null.
type StoredTime = chrono::DateTime<chrono::FixedOffset>;

fn stored(at: Timestamp) -> StoredTime {
    at.trunc_subsecs(6).fixed_offset()
}
