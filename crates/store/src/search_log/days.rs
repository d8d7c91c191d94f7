//! Counts of each query by day, computed in the background from those by hour.
//!
//! A transaction that changes counts of an hour marks its day as changed, and so locks the day's row until its
//! commit. A day is summed under that lock, so it includes every count of its hours, and later changes mark
//! it again. Readers use the sums of unmarked days and the hours of others, so reports are always exact.
//!
//! After inserts, the sums of a marked day remain, because readers skip them. After deletions, the sums of
//! the affected queries are deleted immediately, because they contain text.

use quarry_runtime::boxed;
use std::collections::BTreeMap;

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, InsertMany, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::super::batch::STATEMENT_IDS;
use super::super::entity::search_days::{ActiveModel, Column, Entity, Model};
use super::super::entity::{search_query_days as query_days, search_query_hours as hours};
use super::super::failure::CallFailure;
use super::super::span::{DAY, DAY_S, floor};
use super::super::sums::{proposed, total};
use super::super::{Store, StoreError, StoredTime, stored};
use super::{QUIET, sketching};
use quarry_domain::Timestamp;

/// The time without changes after which an older day is rolled up.
///
/// It exceeds the interval of retention, which would otherwise cause a roll-up of the oldest day after each run.
const SETTLED: TimeDelta = TimeDelta::minutes(30);
/// Days in one statement.
const STATEMENT_DAYS: usize = 1_000;

impl Store {
    /// Rolls up one completed day or hour, and returns false if there was none.
    ///
    /// Any server may do so at any time.
    #[boxed]
    pub async fn roll_up_searches(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.sketch_sessions(now).await? || self.roll_up_day(now).await?)
    }

    async fn roll_up_day(&self, now: Timestamp) -> Result<bool, StoreError> {
        let just_over = Column::Day.gt(stored(now - DAY - SETTLED));
        let settled = Condition::any()
            .add(just_over.and(Column::ChangedAt.lte(stored(now - QUIET))))
            .add(Column::ChangedAt.lte(stored(now - SETTLED)));
        let due = Entity::find()
            .select_only()
            .column(Column::Day)
            .filter(Column::Rolled.eq(false))
            .filter(Column::Day.lte(stored(now - DAY - QUIET)))
            .filter(settled)
            // Most reports are about recent days.
            .order_by_desc(Column::Day)
            .into_tuple();
        let due: Option<StoredTime> =
            self.read(|database| async move { Ok(due.one(&database).await?) }).await?;
        let Some(day) = due else { return Ok(false) };
        self.write(day, |store, day| Box::pin(store.try_roll_up(*day))).await?;
        Ok(true)
    }

    async fn try_roll_up(&self, day: StoredTime) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        let rolled: Option<bool> = Entity::find_by_id(day)
            .select_only()
            .column(Column::Rolled)
            .lock_exclusive()
            .into_tuple()
            .one(&*transaction)
            .await?;
        if rolled != Some(false) {
            // Another server has rolled it up.
            return Ok(());
        }
        query_days::Entity::delete_many().filter(query_days::Column::Day.eq(day)).exec(&*transaction).await?;
        let queries = sum_hours(&transaction, day).await?;
        if queries == 0 {
            Entity::delete_by_id(day).exec(&*transaction).await?;
        } else {
            sketching::sketch_day(&transaction, day).await?;
            Entity::update_many()
                .col_expr(Column::Rolled, Expr::value(true))
                .filter(Column::Day.eq(day))
                .exec(&*transaction)
                .await?;
        }
        transaction.commit().await
    }
}

/// Stores the sums of a day, and returns the number of queries.
async fn sum_hours(transaction: &DatabaseTransaction, day: StoredTime) -> Result<u64, CallFailure> {
    let backend = transaction.get_database_backend();
    let sum = |column: hours::Column| total(backend, Expr::col(column));
    let of_day = Query::select()
        .column(hours::Column::QueryKey)
        .expr(Expr::value(day))
        .expr(sum(hours::Column::Searches))
        .expr(sum(hours::Column::ZeroResults))
        .expr(sum(hours::Column::Unmatched))
        .expr(sum(hours::Column::Counted))
        .expr(sum(hours::Column::Results))
        .from(hours::Entity)
        .and_where(hours::Column::Hour.gte(day))
        .and_where(hours::Column::Hour.lt(day + DAY))
        .group_by_col(hours::Column::QueryKey)
        .take();
    let insert = Query::insert()
        .into_table(query_days::Entity)
        .columns([
            query_days::Column::QueryKey,
            query_days::Column::Day,
            query_days::Column::Searches,
            query_days::Column::ZeroResults,
            query_days::Column::Unmatched,
            query_days::Column::Counted,
            query_days::Column::Results,
        ])
        .select_from(of_day)
        .map_err(|_| CallFailure::unreadable("number of columns"))?
        .take();
    Ok(transaction.execute(&insert).await?.rows_affected())
}

/// Marks days as changed, and locks them against roll-ups until the commit.
pub(super) async fn mark_changed<'a>(
    transaction: &DatabaseTransaction,
    changed: impl Iterator<Item = &'a (StoredTime, String)>,
) -> Result<(), CallFailure> {
    let mut days: BTreeMap<StoredTime, StoredTime> = BTreeMap::new();
    for (hour, _) in changed {
        let first = days.entry(floor(*hour, DAY_S)).or_insert(*hour);
        *first = Ord::min(*first, *hour);
    }
    let backend = transaction.get_database_backend();
    let now = stored(chrono::Utc::now());
    let earlier = format!(
        "CASE WHEN search_days.sketched_before < {new} THEN search_days.sketched_before ELSE {new} END",
        new = proposed(backend, "sketched_before")
    );
    let on_conflict = OnConflict::column(Column::Day)
        .update_columns([Column::Rolled, Column::ChangedAt])
        .value(Column::SketchedBefore, Expr::cust(earlier))
        .to_owned();
    let days: Vec<_> = days.into_iter().collect();
    for days in days.chunks(STATEMENT_DAYS) {
        let rows = days.iter().map(|(day, hour)| Model {
            day: *day,
            rolled: false,
            sketched_before: Some(*hour),
            changed_at: now,
        });
        InsertMany::<ActiveModel>::many(rows)
            .on_conflict(on_conflict.clone())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// Deletes the sums of queries in marked days.
pub(super) async fn delete_queries<'a>(
    transaction: &DatabaseTransaction,
    removed: impl Iterator<Item = &'a (StoredTime, String)>,
) -> Result<(), CallFailure> {
    let mut days: BTreeMap<StoredTime, Vec<&str>> = BTreeMap::new();
    for (hour, key) in removed {
        days.entry(floor(*hour, DAY_S)).or_default().push(key);
    }
    for (day, keys) in days {
        for keys in keys.chunks(STATEMENT_IDS) {
            query_days::Entity::delete_many()
                .filter(query_days::Column::Day.eq(day))
                .filter(query_days::Column::QueryKey.is_in(keys.iter().copied()))
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}
