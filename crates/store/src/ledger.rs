//! The ledger of a crawl's pages: what was asked for, what went wrong, what was taken.

use quarry_runtime::boxed;
use sea_orm::sea_query::Order;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use super::crawls::{crawl, find};
use super::entity::crawl_pages::{ActiveModel, Column, Entity, Model};
use super::failure::Failure;
use super::intake::{self, Origin};
use super::revisions::Revisions;
use super::{Lease, PageCommit, PageOutcome, PageSlot, Slice, Store, StoreError, StoredTime, leases, stored};
use quarry_domain::{CrawlId, CrawlPage, PagePosition, Tally, Timestamp};

/// Failures that a page's line keeps: the latest, where a page had more.
const MAX_FAILURES: usize = 100;
/// The longest that is kept of one failure, in characters.
const MAX_FAILURE_CHARS: usize = 500;

impl Store {
    /// Writes the attempt down before the request goes out.
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

    async fn try_begin_attempt(&self, lease: &Lease, slot: PageSlot, now: StoredTime) -> Result<(), Failure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let crawl = find(&transaction, slot.crawl).await?;
        let attempts = crawl.attempts + 1;
        let mut crawl = crawl.into_active_model();
        crawl.attempts = Set(attempts);
        crawl.update(&*transaction).await?;
        match line(&transaction, slot).await? {
            Some(line) => {
                let attempts = line.attempts + 1;
                let mut line = line.into_active_model();
                line.sweep = Set(slot.sweep);
                line.attempts = Set(attempts);
                line.fetched_at = Set(now);
                // The status is the latest attempt's, and that has none yet.
                line.status = Set(None);
                line.update(&*transaction).await?;
            }
            None => {
                new_line(slot, now).insert(&*transaction).await?;
            }
        }
        transaction.commit().await
    }

    /// Adds what went wrong to the page's line.
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
    ) -> Result<(), Failure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let line = line(&transaction, slot).await?.ok_or_else(|| no_line(slot))?;
        let mut failures = read_failures(&line.failures)?;
        failures.push(failure.to_owned());
        let kept = &failures[failures.len().saturating_sub(MAX_FAILURES)..];
        let failures = serde_json::json!(kept).to_string();
        let mut line = line.into_active_model();
        line.failures = Set(failures);
        line.status = Set(status);
        line.update(&*transaction).await?;
        transaction.commit().await
    }

    /// Documents, authors, ledger line, counts and cursor in one transaction.
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
    ) -> Result<PageOutcome, Failure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let origin = Origin::Crawl(Tally::of(commit.slot.crawl, commit.restarts));
        let taken = intake::store(&transaction, &mut revisions, &commit.drafts, origin, now).await?;
        revisions.save(&transaction).await?;

        let line = line(&transaction, commit.slot).await?.ok_or_else(|| no_line(commit.slot))?;
        let mut line = line.into_active_model();
        line.sweep = Set(commit.slot.sweep);
        line.status = Set(Some(commit.status));
        line.documents = Set(commit.items);
        line.hash = Set(Some(commit.hash.clone()));
        line.update(&*transaction).await?;

        let before = find(&transaction, commit.slot.crawl).await?;
        let seen_before = if commit.restart { 0 } else { before.documents_seen };
        let mut after = before.clone().into_active_model();
        after.pages_fetched = Set(before.pages_fetched + 1);
        after.documents_seen = Set(seen_before + taken.newly_seen);
        after.inserted = Set(before.inserted + taken.outcome.inserted as i64);
        after.updated = Set(before.updated + taken.outcome.updated as i64);
        after.unchanged = Set(before.unchanged + taken.outcome.unchanged as i64);
        after.rejected = Set(before.rejected + i64::from(commit.rejected));
        after.expected_total = Set(commit.expected_total);
        after.cursor = Set(Some(commit.cursor.clone()));
        let after = after.update(&*transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok(PageOutcome { upsert: taken.outcome, crawl: crawl(after)? })
    }

    /// Ledger lines in order of position: a slice of them.
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
        let lines = self
            .read(|database| async move { select.all(&database).await?.into_iter().map(page).collect() })
            .await?;
        Ok(slice.in_list_order(lines))
    }

    /// How many lines the ledger of a crawl has.
    #[boxed]
    pub async fn crawl_page_count(&self, crawl: CrawlId) -> Result<i64, StoreError> {
        let select = Entity::find().filter(Column::CrawlId.eq(crawl.0));
        self.read(|database| async move { Ok(select.count(&database).await? as i64) }).await
    }
}

async fn line(transaction: &DatabaseTransaction, slot: PageSlot) -> Result<Option<Model>, Failure> {
    Ok(Entity::find_by_id((slot.crawl.0, slot.position.0)).one(transaction).await?)
}

fn no_line(slot: PageSlot) -> Failure {
    let (crawl, position) = (slot.crawl.0, slot.position.0);
    StoreError::Refused(format!("no attempt at page {position} of crawl {crawl} was begun")).into()
}

fn new_line(slot: PageSlot, now: StoredTime) -> ActiveModel {
    ActiveModel {
        crawl_id: Set(slot.crawl.0),
        position: Set(slot.position.0),
        sweep: Set(slot.sweep),
        attempts: Set(1),
        status: Set(None),
        documents: Set(0),
        hash: Set(None),
        failures: Set("[]".to_owned()),
        fetched_at: Set(now),
    }
}

fn page(row: Model) -> Result<CrawlPage, Failure> {
    Ok(CrawlPage {
        position: PagePosition(row.position),
        sweep: row.sweep,
        attempts: row.attempts,
        status: row.status,
        documents: row.documents,
        hash: row.hash,
        failures: read_failures(&row.failures)?,
        fetched_at: row.fetched_at.to_utc(),
    })
}

fn read_failures(json: &str) -> Result<Vec<String>, Failure> {
    serde_json::from_str(json).map_err(|_| Failure::unreadable("list of failures"))
}
