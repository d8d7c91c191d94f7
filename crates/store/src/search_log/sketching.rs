//! Stores sketches of sessions for the roll-ups of completed hours and days.
//!
//! A stored sketch is always current: a change of a roll-up deletes its sketch in the same statement. The
//! progress within a day is only stored to avoid repeated checks; reports read rows where a sketch is missing.

use std::collections::{BTreeMap, HashMap};

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::super::entity::search_days::{Column, Entity};
use super::super::entity::{
    search_logs, search_query_days as query_days, search_query_hours as hours,
    search_volume_quarters as quarters,
};
use super::super::failure::CallFailure;
use super::super::{Store, StoreError, StoredTime, stored};
use super::QUIET;
use super::sketch::SessionSketch;
use crate::span::{DAY, HOUR, HOUR_S, QUARTER_S, floor};
use quarry_domain::Timestamp;

/// The least searches of a query for a sketch of an hour: fewer rows are read as quickly.
const MIN_HOUR_SEARCHES: i64 = 8;
const MIN_DAY_SEARCHES: i64 = 16;
/// Queries in one statement.
const STATEMENT_QUERIES: usize = 256;

impl Store {
    /// Stores the sketches of one completed hour, and returns false if there was none.
    pub(super) async fn sketch_sessions(&self, now: Timestamp) -> Result<bool, StoreError> {
        let completed = floor(stored(now - QUIET), HOUR_S);
        let due = Entity::find()
            .select_only()
            .columns([Column::Day, Column::SketchedBefore])
            .filter(Column::SketchedBefore.lt(completed))
            .order_by_desc(Column::Day)
            .into_tuple();
        let due: Option<(StoredTime, StoredTime)> =
            self.read(|database| async move { Ok(due.one(&database).await?) }).await?;
        let Some((day, from)) = due else { return Ok(false) };
        self.write((day, from, completed), |store, (day, from, completed)| {
            Box::pin(store.try_sketch(*day, *from, *completed))
        })
        .await?;
        Ok(true)
    }

    async fn try_sketch(
        &self,
        day: StoredTime,
        from: StoredTime,
        completed: StoredTime,
    ) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        let end = Ord::min(day + DAY, completed);
        let hour = first_hour(&transaction, from, end).await?;
        let heavy: Vec<String> = match hour {
            Some(hour) => heavy(hour).lock_exclusive().into_tuple().all(&*transaction).await?,
            None => Vec::new(),
        };
        // This lock keeps the hours of the day unchanged. It follows that of the hour, as in flushes.
        let before: Option<Option<StoredTime>> = Entity::find_by_id(day)
            .select_only()
            .column(Column::SketchedBefore)
            .lock_exclusive()
            .into_tuple()
            .one(&*transaction)
            .await?;
        if before.flatten() != Some(from) {
            // The day has changed, or another server has sketched it.
            return Ok(());
        }
        // A flush before the lock may have added an hour or a query without another trace: the next
        // step repeats the check.
        if first_hour(&transaction, from, end).await? != hour {
            return Ok(());
        }
        if let Some(hour) = hour {
            let now_heavy: Vec<String> = self::heavy(hour).into_tuple().all(&*transaction).await?;
            if now_heavy != heavy {
                return Ok(());
            }
            sketch_hour(&transaction, hour, &heavy).await?;
        }
        let next = match hour {
            Some(hour) => hour + HOUR,
            None => end,
        };
        // Null marks a complete day.
        let next = (next < day + DAY).then_some(next);
        Entity::update_many()
            .col_expr(Column::SketchedBefore, Expr::value(next))
            .filter(Column::Day.eq(day))
            .exec(&*transaction)
            .await?;
        transaction.commit().await
    }
}

/// The first hour of a period that has searches.
async fn first_hour(
    transaction: &DatabaseTransaction,
    from: StoredTime,
    before: StoredTime,
) -> Result<Option<StoredTime>, CallFailure> {
    let hour: Option<Option<StoredTime>> = hours::Entity::find()
        .select_only()
        .column_as(hours::Column::Hour.min(), "hour")
        .filter(hours::Column::Hour.gte(from))
        .filter(hours::Column::Hour.lt(before))
        .into_tuple()
        .one(transaction)
        .await?;
    Ok(hour.flatten())
}

/// Selects the queries of an hour that need a sketch, in the lock order of flushes.
///
/// MariaDB and MySQL lock rows while they read, before sorting: a deadlock with a flush is possible, and one of
/// both is retried.
fn heavy(hour: StoredTime) -> Select<hours::Entity> {
    hours::Entity::find()
        .select_only()
        .column(hours::Column::QueryKey)
        .filter(hours::Column::Hour.eq(hour))
        .filter(hours::Column::Searches.gte(MIN_HOUR_SEARCHES))
        .filter(hours::Column::Sessions.is_null())
        .order_by_asc(hours::Column::QueryKey)
}

/// Stores the sketches of queries in an hour, and of its quarters.
async fn sketch_hour(
    transaction: &DatabaseTransaction,
    hour: StoredTime,
    heavy: &[String],
) -> Result<(), CallFailure> {
    let bare: Vec<StoredTime> = quarters::Entity::find()
        .select_only()
        .column(quarters::Column::Quarter)
        .filter(quarters::Column::Quarter.gte(hour))
        .filter(quarters::Column::Quarter.lt(hour + HOUR))
        .filter(quarters::Column::Sessions.is_null())
        .into_tuple()
        .all(transaction)
        .await?;
    if heavy.is_empty() && bare.is_empty() {
        return Ok(());
    }
    let rows: Vec<(String, String, StoredTime)> = search_logs::Entity::find()
        .select_only()
        .columns([
            search_logs::Column::QueryKey,
            search_logs::Column::SessionId,
            search_logs::Column::LastKeystrokeAt,
        ])
        .filter(search_logs::Column::LastKeystrokeAt.gte(hour))
        .filter(search_logs::Column::LastKeystrokeAt.lt(hour + HOUR))
        .into_tuple()
        .all(transaction)
        .await?;
    let mut of_queries: HashMap<&str, SessionSketch> =
        heavy.iter().map(|key| (key.as_str(), SessionSketch::new())).collect();
    let mut of_quarters: BTreeMap<StoredTime, (i64, SessionSketch)> = BTreeMap::new();
    for (key, session, at) in &rows {
        if let Some(sketch) = of_queries.get_mut(key.as_str()) {
            sketch.add(session);
        }
        let (searches, sketch) =
            of_quarters.entry(floor(*at, QUARTER_S)).or_insert_with(|| (0, SessionSketch::new()));
        *searches += 1;
        sketch.add(session);
    }
    for (key, sketch) in of_queries {
        let update = Query::update()
            .table(hours::Entity)
            .value(hours::Column::Sessions, sketch.to_bytes())
            .and_where(hours::Column::Hour.eq(hour))
            .and_where(hours::Column::QueryKey.eq(key))
            .take();
        transaction.execute(&update).await?;
    }
    for (quarter, (searches, sketch)) in of_quarters {
        let update = Query::update()
            .table(quarters::Entity)
            .value(quarters::Column::Sessions, sketch.to_bytes())
            .and_where(quarters::Column::Quarter.eq(quarter))
            .and_where(quarters::Column::Sessions.is_null())
            // Not if the volume includes deleted rows.
            .and_where(quarters::Column::Searches.eq(searches))
            .take();
        transaction.execute(&update).await?;
    }
    Ok(())
}

/// Stores the sketches of a day that the transaction has locked and summed.
pub(super) async fn sketch_day(
    transaction: &DatabaseTransaction,
    day: StoredTime,
) -> Result<(), CallFailure> {
    let heavy: Vec<String> = query_days::Entity::find()
        .select_only()
        .column(query_days::Column::QueryKey)
        .filter(query_days::Column::Day.eq(day))
        .filter(query_days::Column::Searches.gte(MIN_DAY_SEARCHES))
        .order_by_asc(query_days::Column::QueryKey)
        .into_tuple()
        .all(transaction)
        .await?;
    for keys in heavy.chunks(STATEMENT_QUERIES) {
        let rows: Vec<(String, String)> = search_logs::Entity::find()
            .select_only()
            .columns([search_logs::Column::QueryKey, search_logs::Column::SessionId])
            .filter(search_logs::Column::QueryKey.is_in(keys))
            .filter(search_logs::Column::LastKeystrokeAt.gte(day))
            .filter(search_logs::Column::LastKeystrokeAt.lt(day + DAY))
            .into_tuple()
            .all(transaction)
            .await?;
        let mut sketches: BTreeMap<&str, SessionSketch> = BTreeMap::new();
        for (key, session) in &rows {
            sketches.entry(key).or_insert_with(SessionSketch::new).add(session);
        }
        for (key, sketch) in sketches {
            let update = Query::update()
                .table(query_days::Entity)
                .value(query_days::Column::Sessions, sketch.to_bytes())
                .and_where(query_days::Column::Day.eq(day))
                .and_where(query_days::Column::QueryKey.eq(key))
                .take();
            transaction.execute(&update).await?;
        }
    }
    Ok(())
}
