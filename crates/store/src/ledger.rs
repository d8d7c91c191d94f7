//! The ledger of a crawl's pages: requests, failures and results.

use quarry_runtime::boxed;
use sea_orm::sea_query::Order;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use super::crawls::{crawl, find};
use super::entity::crawl_pages::{ActiveModel, Column, Entity, Model};
use super::failure::CallFailure;
use super::intake::{self, DraftOrigin};
use super::revisions::Revisions;
use super::{
    Lease, PageCommit, PageOutcome, PageSlot, Slice, Store, StoreError, StoredTime, leases, removal, stored,
};
use quarry_domain::{CrawlId, CrawlPage, PagePosition, Rejection, Timestamp};

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

    /// Stores documents, authors, ledger entry, counts and cursor in one transaction.
    #[boxed]
    pub async fn commit_page(
        &self,
        lease: &Lease,
        commit: PageCommit,
        now: Timestamp,
    ) -> Result<PageOutcome, StoreError> {
        self.write((lease.clone(), commit, stored(now)), |store, (lease, commit, now)| {
            Box::pin(store.try_commit_page(lease, commit, *now))
        })
        .await
    }

    async fn try_commit_page(
        &self,
        lease: &Lease,
        commit: &PageCommit,
        now: StoredTime,
    ) -> Result<PageOutcome, CallFailure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let origin = DraftOrigin::Crawl(commit.tally);
        let intake = intake::store(&transaction, &mut revisions, &commit.drafts, origin, now).await?;
        intake::keep(&transaction, &commit.kept, commit.tally).await?;
        let deleted = removal::delete_crawled(&transaction, &mut revisions, &commit.deleted, now).await?;
        revisions.save(&transaction).await?;

        let entry = find_entry(&transaction, commit.slot).await?.ok_or_else(|| missing_entry(commit.slot))?;
        let mut entry = entry.into_active_model();
        entry.sweep = Set(commit.slot.sweep);
        entry.status = Set(commit.status);
        entry.documents = Set(commit.items);
        entry.hash = Set(Some(commit.hash.clone()));
        entry.rejections = Set(write_rejections(&commit.rejections));
        entry.update(&*transaction).await?;

        let before = find(&transaction, commit.slot.crawl).await?;
        let mut after = before.clone().into_active_model();
        after.pages_fetched = Set(before.pages_fetched + 1);
        after.documents_seen = Set(before.documents_seen + intake.newly_seen);
        after.inserted = Set(before.inserted + intake.outcome.inserted as i64);
        after.updated = Set(before.updated + intake.outcome.updated as i64);
        after.unchanged = Set(before.unchanged + intake.outcome.unchanged as i64);
        after.deleted = Set(before.deleted + deleted);
        after.rejected = Set(before.rejected + i64::from(commit.rejected));
        after.expected_total = Set(commit.expected_total);
        after.cursor = Set(Some(commit.cursor.clone()));
        let after = after.update(&*transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok(PageOutcome { upsert: intake.outcome, crawl: crawl(after)? })
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
