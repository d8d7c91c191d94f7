//! Crawls: start, state and end.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, NotSet, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, Set,
};
use uuid::Uuid;

use super::entity::crawls::{ActiveModel, Column, Entity, Model};
use super::entity::{documents, sources};
use super::failure::CallFailure;
use super::revisions::Revisions;
use super::{
    CrawlEnd, Lease, Store, StoreError, StoredTime, SweepVanished, Vanished, intake, leases, removal,
    source_name, stored,
};
use quarry_domain::{Crawl, CrawlId, CrawlState, SourceName, Tally, Timestamp};

impl Store {
    /// Returns the running crawl of a source, or starts one; `allow_shrink` is set if true.
    #[boxed]
    pub async fn begin_crawl(
        &self,
        source: &SourceName,
        allow_shrink: bool,
        now: Timestamp,
    ) -> Result<Crawl, StoreError> {
        self.write((source.clone(), allow_shrink, stored(now)), |store, (source, allow_shrink, now)| {
            Box::pin(store.try_begin_crawl(source, *allow_shrink, *now))
        })
        .await
    }

    async fn try_begin_crawl(
        &self,
        source: &SourceName,
        allow_shrink: bool,
        now: StoredTime,
    ) -> Result<Crawl, CallFailure> {
        let transaction = self.begin().await?;
        intake::register(&transaction, [source]).await?;
        // The lock makes one of two concurrent callers find the crawl of the other.
        sources::Entity::find_by_id(source.as_str()).lock_exclusive().one(&*transaction).await?;
        let running = Entity::find()
            .filter(Column::Source.eq(source.as_str()))
            .filter(Column::State.eq(CrawlState::Running.as_str()))
            .order_by_desc(Column::Id)
            .one(&*transaction)
            .await?;
        let row = match running {
            Some(row) if allow_shrink && !row.allow_shrink => {
                let mut row = row.into_active_model();
                row.allow_shrink = Set(true);
                row.update(&*transaction).await?
            }
            Some(row) => row,
            None => new_crawl(source, allow_shrink, now).insert(&*transaction).await?,
        };
        transaction.commit().await?;
        crawl(row)
    }

    /// Crawls by id, without unknown ones.
    #[boxed]
    pub async fn crawls_by_id(&self, ids: &[CrawlId]) -> Result<HashMap<CrawlId, Crawl>, StoreError> {
        let select = Entity::find().filter(Column::Id.is_in(ids.iter().map(|id| id.0)));
        self.read(|database| async move {
            let rows = select.all(&database).await?;
            rows.into_iter().map(|row| Ok((CrawlId(row.id), crawl(row)?))).collect()
        })
        .await
    }

    /// The crawls of a source, latest first.
    #[boxed]
    pub async fn crawls_of_source(&self, source: &SourceName, limit: u64) -> Result<Vec<Crawl>, StoreError> {
        let select =
            Entity::find().filter(Column::Source.eq(source.as_str())).order_by_desc(Column::Id).limit(limit);
        self.read(|database| async move { select.all(&database).await?.into_iter().map(crawl).collect() })
            .await
    }

    /// Returns true if a source has documents that the crawl of a tally did not see.
    #[boxed]
    pub async fn has_unseen(&self, source: &SourceName, tally: Tally) -> Result<bool, StoreError> {
        let select = unseen(source.as_str(), tally).select_only().column(documents::Column::Id).limit(1);
        self.read(|database| async move { Ok(select.into_tuple::<Uuid>().one(&database).await?.is_some()) })
            .await
    }

    /// The latest crawl of each source that has one.
    #[boxed]
    pub async fn last_crawls(&self, names: &[SourceName]) -> Result<HashMap<SourceName, Crawl>, StoreError> {
        let latest = Query::select()
            .expr(Expr::col(Column::Id).max())
            .from(Entity)
            .and_where(Column::Source.is_in(names.iter().map(SourceName::as_str)))
            .group_by_col(Column::Source)
            .take();
        let select = Entity::find().filter(Column::Id.in_subquery(latest));
        self.read(|database| async move {
            let mut crawls = HashMap::new();
            for row in select.all(&database).await? {
                let crawl = crawl(row)?;
                crawls.insert(crawl.source.clone(), crawl);
            }
            Ok(crawls)
        })
        .await
    }

    /// Lets a new crawl continue a failed one: at its cursor, and with the keys that it has seen.
    #[boxed]
    pub async fn continue_crawl(
        &self,
        lease: &Lease,
        crawl: CrawlId,
        failed: &Crawl,
    ) -> Result<Crawl, StoreError> {
        let from = (failed.documents_seen, failed.expected_total, failed.cursor.clone());
        self.write((lease.clone(), crawl, from), |store, (lease, crawl, from)| {
            Box::pin(store.try_continue_crawl(lease, *crawl, from.clone()))
        })
        .await
    }

    async fn try_continue_crawl(
        &self,
        lease: &Lease,
        id: CrawlId,
        (documents_seen, expected_total, cursor): (i64, Option<i64>, Option<String>),
    ) -> Result<Crawl, CallFailure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let mut row = find(&transaction, id).await?.into_active_model();
        row.documents_seen = Set(documents_seen);
        row.expected_total = Set(expected_total);
        row.cursor = Set(cursor);
        let row = row.update(&*transaction).await?;
        transaction.commit().await?;
        crawl(row)
    }

    /// Ends a crawl, and deletes vanished documents in the same transaction if requested.
    ///
    /// Above the limit of `sweep_vanished`, nothing is deleted, and the crawl's `error` states that.
    #[boxed]
    pub async fn finish_crawl(
        &self,
        lease: &Lease,
        crawl: CrawlId,
        end: CrawlEnd,
        now: Timestamp,
    ) -> Result<(Crawl, Vanished), StoreError> {
        self.write((lease.clone(), crawl, end, stored(now)), |store, (lease, crawl, end, now)| {
            Box::pin(store.try_finish_crawl(lease, *crawl, end, *now))
        })
        .await
    }

    async fn try_finish_crawl(
        &self,
        lease: &Lease,
        id: CrawlId,
        end: &CrawlEnd,
        now: StoredTime,
    ) -> Result<(Crawl, Vanished), CallFailure> {
        let transaction = self.begin().await?;
        leases::check(&transaction, lease).await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let row = find(&transaction, id).await?;
        let mut vanished = Vanished::default();
        let mut error = end.error.clone();
        let mut state = end.state;
        if let Some(sweep) = end.sweep_vanished {
            let refusal;
            (vanished, refusal) = delete_vanished(&transaction, &mut revisions, &row, sweep, now).await?;
            error = match (error, refusal) {
                (Some(error), Some(refusal)) => Some(format!("{error}; {refusal}")),
                (error, refusal) => error.or(refusal),
            };
            if vanished.is_everything() && vanished.removed == 0 {
                // More likely an outage than an empty source: exit code and metrics have to tell.
                state = CrawlState::Incomplete;
            }
        }
        let deleted = row.deleted + vanished.removed;
        let mut row = row.into_active_model();
        row.state = Set(state.as_str().to_owned());
        row.finished_at = Set((state != CrawlState::Running).then_some(now));
        row.error = Set(error);
        row.deleted = Set(deleted);
        let row = row.update(&*transaction).await?;
        revisions.save(&transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok((crawl(row)?, vanished))
    }
}

/// Selects the documents of a source that crawls have seen.
fn crawled(source: &str) -> Select<documents::Entity> {
    use documents::Column;
    documents::Entity::find()
        .filter(Column::Source.eq(source))
        .filter(Column::DeletedAt.is_null())
        .filter(Column::Tally.is_not_null())
}

/// Selects those of them that lack the tally.
fn unseen(source: &str, tally: Tally) -> Select<documents::Entity> {
    crawled(source).filter(documents::Column::Tally.ne(tally.0))
}

/// Deletes the documents that a complete crawl has not seen, or returns why not.
async fn delete_vanished(
    transaction: &DatabaseTransaction,
    revisions: &mut Revisions,
    crawl: &Model,
    sweep: SweepVanished,
    now: StoredTime,
) -> Result<(Vanished, Option<String>), CallFailure> {
    use documents::Column;
    let unseen: Vec<(Uuid, Option<i64>)> = unseen(&crawl.source, sweep.tally)
        .select_only()
        .columns([Column::Id, Column::Tally])
        .into_tuple()
        .all(transaction)
        .await?;
    let live = crawled(&crawl.source).count(transaction).await? as i64;
    let mut vanished = Vanished { live, vanished: unseen.len() as i64, removed: 0 };
    if !is_within_limit(&vanished, sweep) {
        let refusal = limit_exceeded(&vanished, sweep.max_share, &crawl.source);
        return Ok((vanished, Some(refusal)));
    }
    let is_missed = |tally: &Option<i64>| {
        sweep.missed_since.is_some_and(|since| tally.is_none_or(|tally| tally < since.0))
    };
    let missed: Vec<Uuid> =
        unseen.into_iter().filter(|(_, tally)| is_missed(tally)).map(|(id, _)| id).collect();
    removal::soft_delete(transaction, revisions, &missed, now).await?;
    vanished.removed = missed.len() as i64;
    Ok((vanished, None))
}

fn is_within_limit(vanished: &Vanished, sweep: SweepVanished) -> bool {
    let is_few = vanished.vanished <= i64::from(sweep.max_count) && !vanished.is_everything();
    vanished.vanished == 0 || is_few || share(vanished) <= sweep.max_share
}

fn share(vanished: &Vanished) -> f64 {
    vanished.vanished as f64 / vanished.live as f64
}

fn limit_exceeded(vanished: &Vanished, max_share: f64, source: &str) -> String {
    format!(
        "{} of {} documents ({:.1} %) vanished upstream, more than the {:.1} % that a crawl may remove; \
         nothing was deleted; `quarry crawl {source} --allow-shrink` accepts it",
        vanished.vanished,
        vanished.live,
        share(vanished) * 100.0,
        max_share * 100.0,
    )
}

/// Reads and locks the row of a crawl.
pub(super) async fn find(transaction: &DatabaseTransaction, id: CrawlId) -> Result<Model, CallFailure> {
    let row = Entity::find_by_id(id.0).lock_exclusive().one(transaction).await?;
    row.ok_or_else(|| StoreError::Refused(format!("no crawl has the id {}", id.0)).into())
}

fn new_crawl(source: &SourceName, allow_shrink: bool, now: StoredTime) -> ActiveModel {
    ActiveModel {
        id: NotSet,
        source: Set(source.as_str().to_owned()),
        state: Set(CrawlState::Running.as_str().to_owned()),
        started_at: Set(now),
        finished_at: Set(None),
        pages_fetched: Set(0),
        attempts: Set(0),
        documents_seen: Set(0),
        inserted: Set(0),
        updated: Set(0),
        unchanged: Set(0),
        deleted: Set(0),
        rejected: Set(0),
        expected_total: Set(None),
        error: Set(None),
        allow_shrink: Set(allow_shrink),
        cursor: Set(None),
    }
}

pub(super) fn crawl(row: Model) -> Result<Crawl, CallFailure> {
    Ok(Crawl {
        id: CrawlId(row.id),
        source: source_name(row.source)?,
        state: CrawlState::parse(&row.state).ok_or_else(|| CallFailure::unreadable("crawl state"))?,
        started_at: row.started_at.to_utc(),
        finished_at: row.finished_at.map(|at| at.to_utc()),
        pages_fetched: row.pages_fetched,
        attempts: row.attempts,
        documents_seen: row.documents_seen,
        inserted: row.inserted,
        updated: row.updated,
        unchanged: row.unchanged,
        deleted: row.deleted,
        rejected: row.rejected,
        expected_total: row.expected_total,
        error: row.error,
        allow_shrink: row.allow_shrink,
        cursor: row.cursor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vanished(vanished: i64, live: i64) -> Vanished {
        Vanished { live, vanished, removed: 0 }
    }

    #[test]
    fn the_limit_includes_its_own_share_and_a_few_but_not_all() {
        let is_within = |vanished: Vanished, max_share, max_count| {
            let sweep = SweepVanished { tally: Tally(2), missed_since: None, max_share, max_count };
            is_within_limit(&vanished, sweep)
        };
        assert!(is_within(vanished(0, 0), 0.0, 0));
        assert!(is_within(vanished(3, 10), 0.3, 0));
        assert!(!is_within(vanished(4, 10), 0.3, 0));
        assert!(is_within(vanished(4, 10), 0.3, 4), "a few of a small source");
        assert!(!is_within(vanished(4, 4), 0.3, 4), "but never all");
        assert!(!is_within(vanished(1, 1_000_000), 0.0, 0));
        assert!(is_within(vanished(10, 10), 1.0, 0));
    }

    #[test]
    fn the_refusal_states_the_problem_and_the_remedy() {
        assert_eq!(
            limit_exceeded(&vanished(1_675, 3_349), 0.2, "messages"),
            "1675 of 3349 documents (50.0 %) vanished upstream, more than the 20.0 % that a crawl may remove; \
             nothing was deleted; `quarry crawl messages --allow-shrink` accepts it"
        );
    }
}
