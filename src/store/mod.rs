//! The truth: documents, authors, crawls, the page ledger and leases, in SQLite, PostgreSQL
//! or MySQL/MariaDB. A struct, not a trait: sea-orm already abstracts the databases, and no
//! sea-orm type leaves this folder.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::domain::{
    Author, AuthorId, Crawl, CrawlId, CrawlPage, CrawlState, Document, DocumentChange, DocumentDraft,
    DocumentId, PagePosition, Revision, SourceName, Timestamp,
};

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
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

/// How the migrations of a database stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration's name.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// The database.
#[derive(Clone)]
pub struct Store {}

#[allow(unused, missing_docs, clippy::all)]
impl Store {
    /// Connects; creates the SQLite file and its folder where the URL names one.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        todo!()
    }
    /// Applies all pending migrations (or `steps` of them); returns how many were applied.
    pub async fn migrate_up(&self, steps: Option<u32>) -> Result<usize, StoreError> {
        todo!()
    }
    /// Takes back the latest `steps` migrations.
    pub async fn migrate_down(&self, steps: u32) -> Result<usize, StoreError> {
        todo!()
    }
    /// Every known migration, oldest first.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, StoreError> {
        todo!()
    }
    /// Answers when the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }
    /// Made up when the database was first migrated: tells one database from another.
    pub async fn store_id(&self) -> Result<Uuid, StoreError> {
        todo!()
    }
    /// Closes the pool.
    pub async fn close(self) -> Result<(), StoreError> {
        todo!()
    }

    // documents.rs
    pub async fn upsert_documents(&self, drafts: &[DocumentDraft]) -> Result<UpsertOutcome, StoreError> {
        todo!()
    }
    pub async fn delete_documents(&self, ids: &[DocumentId]) -> Result<DeleteOutcome, StoreError> {
        todo!()
    }
    /// Live documents by id; absent ones are left out.
    pub async fn documents_by_id(
        &self,
        ids: &[DocumentId],
    ) -> Result<HashMap<DocumentId, Document>, StoreError> {
        todo!()
    }
    /// Live documents of an author, newest first (then by id), after the given place.
    pub async fn documents_of_author(
        &self,
        author: AuthorId,
        after: Option<(Option<Timestamp>, DocumentId)>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        todo!()
    }
    pub async fn document_counts_of_sources(
        &self,
        sources: &[SourceName],
    ) -> Result<HashMap<SourceName, i64>, StoreError> {
        todo!()
    }
    pub async fn document_counts_of_authors(
        &self,
        authors: &[AuthorId],
    ) -> Result<HashMap<AuthorId, i64>, StoreError> {
        todo!()
    }
    /// Every source that was registered or has a document, by name.
    pub async fn sources(&self) -> Result<Vec<SourceName>, StoreError> {
        todo!()
    }
    /// Makes a configured source known before it has documents.
    pub async fn register_source(&self, source: &SourceName) -> Result<(), StoreError> {
        todo!()
    }
    // changes.rs (revisions)
    pub async fn latest_revision(&self) -> Result<Revision, StoreError> {
        todo!()
    }
    /// Changes above a revision, in order, tombstones too.
    pub async fn changes_after(
        &self,
        after: Revision,
        limit: u64,
    ) -> Result<Vec<DocumentChange>, StoreError> {
        todo!()
    }
    /// The latest revision that this process committed: a hint to look for changes at once.
    pub fn committed_here(&self) -> watch::Receiver<Revision> {
        todo!()
    }
    // authors.rs
    pub async fn authors_by_id(&self, ids: &[AuthorId]) -> Result<HashMap<AuthorId, Author>, StoreError> {
        todo!()
    }
    // crawls.rs
    /// The running crawl of a source, or a new one. `allow_shrink` is set on the crawl if true.
    pub async fn begin_crawl(
        &self,
        source: &SourceName,
        allow_shrink: bool,
        now: Timestamp,
    ) -> Result<Crawl, StoreError> {
        todo!()
    }
    pub async fn crawls_by_id(&self, ids: &[CrawlId]) -> Result<HashMap<CrawlId, Crawl>, StoreError> {
        todo!()
    }
    /// Latest first.
    pub async fn crawls_of_source(&self, source: &SourceName, limit: u64) -> Result<Vec<Crawl>, StoreError> {
        todo!()
    }
    /// The latest crawl of each source.
    pub async fn last_crawls(
        &self,
        sources: &[SourceName],
    ) -> Result<HashMap<SourceName, Crawl>, StoreError> {
        todo!()
    }
    // ledger.rs
    /// Writes the attempt down before the request goes out.
    pub async fn begin_attempt(
        &self,
        lease: &Lease,
        slot: PageSlot,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Adds what went wrong to the page's line.
    pub async fn fail_attempt(
        &self,
        lease: &Lease,
        slot: PageSlot,
        status: Option<i32>,
        failure: &str,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Documents, authors, ledger line, counts and cursor in one transaction.
    pub async fn commit_page(
        &self,
        lease: &Lease,
        commit: PageCommit,
        now: Timestamp,
    ) -> Result<PageOutcome, StoreError> {
        todo!()
    }
    /// Ends a crawl; removes vanished documents where asked and allowed, in the same transaction.
    /// With `sweep_vanished` whose guard held, the crawl's `error` says so.
    pub async fn finish_crawl(
        &self,
        lease: &Lease,
        crawl: CrawlId,
        end: CrawlEnd,
        now: Timestamp,
    ) -> Result<(Crawl, Vanished), StoreError> {
        todo!()
    }
    /// Ledger lines in order of position.
    pub async fn crawl_pages(
        &self,
        crawl: CrawlId,
        after: Option<PagePosition>,
        limit: u64,
    ) -> Result<Vec<CrawlPage>, StoreError> {
        todo!()
    }
    pub async fn crawl_page_count(&self, crawl: CrawlId) -> Result<i64, StoreError> {
        todo!()
    }
    // leases.rs
    /// Takes a free or lapsed lease, or renews one's own. `None` while another holds it.
    /// The database's clock decides.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        todo!()
    }
    /// Who holds a live lease.
    pub async fn lease_holder(&self, name: &str) -> Result<Option<Uuid>, StoreError> {
        todo!()
    }
    /// Takes a lease from a holder that is known to be dead.
    pub async fn take_over_lease(
        &self,
        name: &str,
        dead: Uuid,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        todo!()
    }
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        todo!()
    }
}
