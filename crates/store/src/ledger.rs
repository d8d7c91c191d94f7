//! The ledger of a crawl's pages: requests, failures and results.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::Order;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, InsertMany, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use super::batch::batches;
use super::crawls::{crawl, find};
use super::entity::crawl_pages::{ActiveModel, Column, Entity, Model};
use super::failure::CallFailure;
use super::intake::{self, DraftOrigin, Intake};
use super::revisions::Revisions;
use super::{
    Lease, PageCommit, PageOutcome, PageSlot, Slice, Store, StoreError, StoredTime, leases, removal, stored,
};
use quarry_domain::{CrawlId, CrawlPage, DocumentDraft, PagePosition, Rejection, Timestamp};

/// Ledger entries in one statement.
const STATEMENT_ENTRIES: usize = 256;
/// The number of latest failures that an entry keeps.
const MAX_FAILURES: usize = 100;
/// The number of rejected items that an entry keeps.
const MAX_REJECTIONS: usize = 20;
/// The longest text of a failure in characters.
const MAX_FAILURE_CHARS: usize = 500;

impl Store {
    /// Stores an attempt before its request is sent.
    #[boxed]
    pub async fn begin_attempt(
        &self,
        lease: &Lease,
        slot: PageSlot,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write((lease.clone(), slot, stored(now)), |store, (lease, slot, now)| {
            Box::pin(store.try_begin_attempt(lease, *slot, *now))
        })
        .await
    }

    async fn try_begin_attempt(
        &self,
        lease: &Lease,
        slot: PageSlot,
        now: StoredTime,
    ) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let crawl = find(&transaction, slot.crawl).await?;
        let attempts = crawl.attempts + 1;
        let mut crawl = crawl.into_active_model();
        crawl.attempts = Set(attempts);
        crawl.update(&*transaction).await?;
        match find_entry(&transaction, slot).await? {
            Some(entry) => {
                let attempts = entry.attempts + 1;
                let mut entry = entry.into_active_model();
                entry.sweep = Set(slot.sweep);
                entry.attempts = Set(attempts);
                entry.fetched_at = Set(now);
                // The status belongs to the latest attempt, which has none yet.
                entry.status = Set(None);
                entry.update(&*transaction).await?;
            }
            None => {
                new_entry(slot, now).insert(&*transaction).await?;
            }
        }
        transaction.commit().await
    }

    /// Appends a failure to the entry of a page.
    #[boxed]
    pub async fn fail_attempt(
        &self,
        lease: &Lease,
        slot: PageSlot,
        status: Option<i32>,
        failure: &str,
    ) -> Result<(), StoreError> {
        let failure: String = failure.chars().take(MAX_FAILURE_CHARS).collect();
        self.write((lease.clone(), slot, status, failure), |store, (lease, slot, status, failure)| {
            Box::pin(store.try_fail_attempt(lease, *slot, *status, failure))
        })
        .await
    }

    async fn try_fail_attempt(
        &self,
        lease: &Lease,
        slot: PageSlot,
        status: Option<i32>,
        failure: &str,
    ) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let entry = find_entry(&transaction, slot).await?.ok_or_else(|| missing_entry(slot))?;
        let mut failures = read_failures(&entry.failures)?;
        failures.push(failure.to_owned());
        let latest = &failures[failures.len().saturating_sub(MAX_FAILURES)..];
        let failures = serde_json::json!(latest).to_string();
        let mut entry = entry.into_active_model();
        entry.failures = Set(failures);
        entry.status = Set(status);
        entry.update(&*transaction).await?;
        transaction.commit().await
    }

    /// Stores pages in a row with their documents, authors, ledger entries, counts and cursor in one transaction.
    ///
    /// Attempts that were not stored before are stored with their pages.
    #[boxed]
    pub async fn commit_pages(
        &self,
        lease: &Lease,
        commits: Vec<PageCommit>,
        now: Timestamp,
    ) -> Result<Vec<PageOutcome>, StoreError> {
        self.write((lease.clone(), commits, stored(now)), |store, (lease, commits, now)| {
            Box::pin(store.try_commit_pages(lease, commits, *now))
        })
        .await
    }

    async fn try_commit_pages(
        &self,
        lease: &Lease,
        commits: &[PageCommit],
        now: StoredTime,
    ) -> Result<Vec<PageOutcome>, CallFailure> {
        let Some(first) = commits.first() else { return Ok(Vec::new()) };
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let mut row = find(&transaction, first.slot.crawl).await?;
        row.attempts += commits.iter().filter(|commit| !commit.is_attempted).count() as i64;
        let mut outcomes = Vec::with_capacity(commits.len());
        // A page may delete what the one before it stored, so its documents are stored behind that.
        let removes = |commit: &PageCommit| !(commit.kept.is_empty() && commit.deleted.is_empty());
        for commits in commits.chunk_by(|commit, _| !removes(commit)) {
            let pages: Vec<&[DocumentDraft]> = commits.iter().map(|commit| &commit.drafts[..]).collect();
            let origin = DraftOrigin::Crawl(first.tally);
            let intakes = intake::store(&transaction, &mut revisions, &pages, origin, now).await?;
            for (commit, Intake { outcome: upsert, newly_seen }) in commits.iter().zip(intakes) {
                intake::keep(&transaction, &commit.kept, commit.tally).await?;
                row.deleted +=
                    removal::delete_crawled(&transaction, &mut revisions, &commit.deleted, now).await?;
                row.pages_fetched += 1;
                row.documents_seen += newly_seen;
                row.inserted += upsert.inserted as i64;
                row.updated += upsert.updated as i64;
                row.unchanged += upsert.unchanged as i64;
                row.rejected += i64::from(commit.rejected);
                row.expected_total = commit.expected_total;
                row.cursor = Some(commit.cursor.clone());
                outcomes.push(PageOutcome { upsert, crawl: crawl(row.clone())? });
            }
        }
        store_entries(&transaction, commits, now).await?;
        row.into_active_model().reset_all().update(&*transaction).await?;
        revisions.save(&transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok(outcomes)
    }

    /// A slice of the ledger's entries in order of position.
    #[boxed]
    pub async fn crawl_pages(
        &self,
        crawl: CrawlId,
        slice: Slice<PagePosition>,
    ) -> Result<Vec<CrawlPage>, StoreError> {
        let bounds = Condition::all()
            .add_option(slice.after.map(|position| Column::Position.gt(position.0)))
            .add_option(slice.before.map(|position| Column::Position.lt(position.0)));
        let select = Entity::find()
            .filter(Column::CrawlId.eq(crawl.0))
            .filter(bounds)
            .order_by(Column::Position, slice.order(Order::Asc))
            .limit(slice.limit);
        let entries = self
            .read(|database| async move { select.all(&database).await?.into_iter().map(page).collect() })
            .await?;
        Ok(slice.in_list_order(entries))
    }

    /// The number of entries in the ledger of a crawl.
    #[boxed]
    pub async fn crawl_page_count(&self, crawl: CrawlId) -> Result<i64, StoreError> {
        let select = Entity::find().filter(Column::CrawlId.eq(crawl.0));
        self.read(|database| async move { Ok(select.count(&database).await? as i64) }).await
    }
}

async fn find_entry(transaction: &DatabaseTransaction, slot: PageSlot) -> Result<Option<Model>, CallFailure> {
    Ok(Entity::find_by_id((slot.crawl.0, slot.position.0)).one(transaction).await?)
}

fn missing_entry(slot: PageSlot) -> CallFailure {
    let (crawl, position) = (slot.crawl.0, slot.position.0);
    StoreError::Refused(format!("page {position} of crawl {crawl} has no attempt")).into()
}

/// Stores the entries of accepted pages.
async fn store_entries(
    transaction: &DatabaseTransaction,
    commits: &[PageCommit],
    now: StoredTime,
) -> Result<(), CallFailure> {
    let (Some(first), Some(last)) = (commits.first(), commits.last()) else { return Ok(()) };
    let entries = Entity::find()
        .filter(Column::CrawlId.eq(first.slot.crawl.0))
        .filter(Column::Position.between(first.slot.position.0, last.slot.position.0))
        .all(transaction)
        .await?;
    let mut entries: HashMap<i64, Model> = entries.into_iter().map(|entry| (entry.position, entry)).collect();
    let mut rows = Vec::new();
    for commit in commits {
        match entries.remove(&commit.slot.position.0) {
            Some(entry) => {
                let attempts = entry.attempts + i32::from(!commit.is_attempted);
                let mut entry = accepted(entry.into_active_model(), commit);
                entry.attempts = Set(attempts);
                entry.update(transaction).await?;
            }
            None if commit.is_attempted => return Err(missing_entry(commit.slot)),
            None => rows.push(accepted(new_entry(commit.slot, now), commit)),
        }
    }
    for batch in batches(rows, STATEMENT_ENTRIES, usize::MAX, |_| 0) {
        InsertMany::many(batch).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn accepted(mut entry: ActiveModel, commit: &PageCommit) -> ActiveModel {
    entry.sweep = Set(commit.slot.sweep);
    entry.status = Set(commit.status);
    entry.documents = Set(commit.items);
    entry.hash = Set(Some(commit.hash.clone()));
    entry.rejections = Set(write_rejections(&commit.rejections));
    entry
}

fn new_entry(slot: PageSlot, now: StoredTime) -> ActiveModel {
    ActiveModel {
        crawl_id: Set(slot.crawl.0),
        position: Set(slot.position.0),
        sweep: Set(slot.sweep),
        attempts: Set(1),
        status: Set(None),
        documents: Set(0),
        hash: Set(None),
        failures: Set("[]".to_owned()),
        rejections: Set(None),
        fetched_at: Set(now),
    }
}

fn page(row: Model) -> Result<CrawlPage, CallFailure> {
    Ok(CrawlPage {
        position: PagePosition(row.position),
        sweep: row.sweep,
        attempts: row.attempts,
        status: row.status,
        documents: row.documents,
        hash: row.hash,
        failures: read_failures(&row.failures)?,
        rejections: read_rejections(row.rejections.as_deref())?,
        fetched_at: row.fetched_at.to_utc(),
    })
}

fn read_failures(json: &str) -> Result<Vec<String>, CallFailure> {
    serde_json::from_str(json).map_err(|_| CallFailure::unreadable("list of failures"))
}

fn write_rejections(rejections: &[Rejection]) -> Option<String> {
    let first = &rejections[..rejections.len().min(MAX_REJECTIONS)];
    (!first.is_empty()).then(|| serde_json::json!(first).to_string())
}

fn read_rejections(json: Option<&str>) -> Result<Vec<Rejection>, CallFailure> {
    let Some(json) = json else { return Ok(Vec::new()) };
    serde_json::from_str(json).map_err(|_| CallFailure::unreadable("list of rejected items"))
}
