//! Searches of each query by the day: made in the background, of the roll-ups by the hour.
//!
//! Whoever changes roll-ups of an hour marks its day as changed in the same transaction, and so
//! locks the day's row until the commit. A day is added up under that lock, so it misses nothing
//! that is counted in the hours, and what changes them later marks it again. Readers take a day's
//! sums only while it is not marked, else its hours: they are exact at every moment.
//!
//! Sums of a marked day stay where searches came in, since nobody reads them; where searches went,
//! those of their queries go at once: they hold text.

use quarry_runtime::boxed;
use std::collections::BTreeMap;

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::super::batch::IDS;
use super::super::entity::search_days::{Column, Entity};
use super::super::entity::{search_query_days as query_days, search_query_hours as hours};
use super::super::failure::Failure;
use super::super::span::{DAY, DAY_S, floor};
use super::super::sums::{proposed, total};
use super::super::{Store, StoreError, StoredTime, stored};
use super::sketching;
use quarry_domain::Timestamp;

/// For how long a day is over, and nothing was changed in it, before it is added up: searches
/// reach the log some time after their last keystroke.
pub(super) const QUIET: TimeDelta = TimeDelta::minutes(5);
/// For how long nothing was changed in a day that has been over for as long: more than the time
/// from one round of retention to the next, which would else have the oldest day added up again
/// after each.
const SETTLED: TimeDelta = TimeDelta::minutes(30);
/// Days in one statement.
const STATEMENT_DAYS: usize = 1_000;

impl Store {
    /// Adds up one day or hour that is over, for the reports; true if there was one, so that there
    /// may be more. Any server may do so at any time.
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
            // Reports are mostly about what was lately.
            .order_by_desc(Column::Day)
            .into_tuple();
        let due: Option<StoredTime> =
            self.read(|database| async move { Ok(due.one(&database).await?) }).await?;
        let Some(day) = due else { return Ok(false) };
        self.write(day, |store, day| Box::pin(store.try_roll_up(*day))).await?;
        Ok(true)
    }

    async fn try_roll_up(&self, day: StoredTime) -> Result<(), Failure> {
        let transaction = self.begin().await?;
        let rolled: Option<bool> = Entity::find_by_id(day)
            .select_only()
            .column(Column::Rolled)
            .lock_exclusive()
            .into_tuple()
            .one(&*transaction)
            .await?;
        if rolled != Some(false) {
            // Another server was here.
            return Ok(());
        }
        query_days::Entity::delete_many().filter(query_days::Column::Day.eq(day)).exec(&*transaction).await?;
        let queries = add_up(&transaction, day).await?;
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

/// Makes the sums of a day, and returns of how many queries.
async fn add_up(transaction: &DatabaseTransaction, day: StoredTime) -> Result<u64, Failure> {
    let backend = transaction.get_database_backend();
    let sum = |column: hours::Column| total(backend, Expr::col(column));
    let of_day = Query::select()
        .column(hours::Column::QueryKey)
        .expr(Expr::value(day))
        .expr(sum(hours::Column::Searches))
        .expr(sum(hours::Column::ZeroResults))
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
            query_days::Column::Counted,
            query_days::Column::Results,
        ])
        .select_from(of_day)
        .map_err(|_| Failure::unreadable("number of columns"))?
        .take();
    Ok(transaction.execute(&insert).await?.rows_affected())
}

/// Marks the days whose roll-ups by the hour the transaction changes. From here to its end,
/// nobody adds them up.
pub(super) async fn mark_changed<'a>(
    transaction: &DatabaseTransaction,
    changed: impl Iterator<Item = &'a (StoredTime, String)>,
) -> Result<(), Failure> {
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
        let upsert = Query::insert()
            .into_table(Entity)
            .columns([Column::Day, Column::Rolled, Column::SketchedBefore, Column::ChangedAt])
            .values_from_panic(
                days.iter().map(|(day, hour)| [(*day).into(), false.into(), (*hour).into(), now.into()]),
            )
            .on_conflict(on_conflict.clone())
            .take();
        transaction.execute(&upsert).await?;
    }
    Ok(())
}

/// Takes queries out of days that the transaction has marked: they may not have been searched for
/// in these any more.
pub(super) async fn forget<'a>(
    transaction: &DatabaseTransaction,
    removed: impl Iterator<Item = &'a (StoredTime, String)>,
) -> Result<(), Failure> {
    let mut days: BTreeMap<StoredTime, Vec<&str>> = BTreeMap::new();
    for (hour, key) in removed {
        days.entry(floor(*hour, DAY_S)).or_default().push(key);
    }
    for (day, keys) in days {
        for keys in keys.chunks(IDS) {
            query_days::Entity::delete_many()
                .filter(query_days::Column::Day.eq(day))
                .filter(query_days::Column::QueryKey.is_in(keys.iter().copied()))
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}
