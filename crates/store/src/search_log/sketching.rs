//! Makes sketches of sessions for the roll-ups, of hours and days that are over.
//!
//! A sketch that is there is right: whatever changes a roll-up drops its sketch in the same
//! statement. Which hours were looked at is only remembered so that they are not looked at again:
//! where a sketch is missing, reports read the rows.

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
use super::super::failure::Failure;
use super::super::{Store, StoreError, StoredTime, stored};
use super::days::QUIET;
use super::sketch::SessionSketch;
use crate::span::{DAY, HOUR, HOUR_S, QUARTER_S, floor};
use quarry_domain::Timestamp;

/// Rows that are as quickly read as a sketch: fewer searches of a query get none.
const HOUR_SEARCHES: i64 = 8;
const DAY_SEARCHES: i64 = 16;
/// Queries whose rows are read at once.
const KEYS: usize = 256;

impl Store {
    /// Makes the sketches of one hour that is over; false if there was none.
    pub(super) async fn sketch_sessions(&self, now: Timestamp) -> Result<bool, StoreError> {
        let over = floor(stored(now - QUIET), HOUR_S);
        let due = Entity::find()
            .select_only()
            .columns([Column::Day, Column::SketchedBefore])
            .filter(Column::SketchedBefore.lt(over))
            .order_by_desc(Column::Day)
            .into_tuple();
        let due: Option<(StoredTime, StoredTime)> =
            self.read(|database| async move { Ok(due.one(&database).await?) }).await?;
        let Some((day, from)) = due else { return Ok(false) };
        self.write((day, from, over), |store, (day, from, over)| {
            Box::pin(store.try_sketch(*day, *from, *over))
        })
        .await?;
        Ok(true)
    }

    async fn try_sketch(&self, day: StoredTime, from: StoredTime, over: StoredTime) -> Result<(), Failure> {
        let transaction = self.begin().await?;
        let end = Ord::min(day + DAY, over);
        let hour = first_hour(&transaction, from, end).await?;
        let heavy: Vec<String> = match hour {
            Some(hour) => heavy(hour).lock_exclusive().into_tuple().all(&*transaction).await?,
            None => Vec::new(),
        };
        // From here on, no hour of the day changes. Locked after the hour, as by a flush.
        let before: Option<Option<StoredTime>> = Entity::find_by_id(day)
            .select_only()
            .column(Column::SketchedBefore)
            .lock_exclusive()
            .into_tuple()
            .one(&*transaction)
            .await?;
        if before.flatten() != Some(from) {
            // Something changed, or another server was here.
            return Ok(());
        }
        // A flush that came before the lock, with an hour or a query that was not looked at, left
        // no other trace: the next step looks again.
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
        // A day that is through is not looked for again.
        let next = (next < day + DAY).then_some(next);
        Entity::update_many()
            .col_expr(Column::SketchedBefore, Expr::value(next))
            .filter(Column::Day.eq(day))
            .exec(&*transaction)
            .await?;
        transaction.commit().await
    }
}

/// The first hour of a stretch of time in which there are searches.
async fn first_hour(
    transaction: &DatabaseTransaction,
    from: StoredTime,
    before: StoredTime,
) -> Result<Option<StoredTime>, Failure> {
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

/// The queries of an hour that are to get a sketch. Locked, they are so in the order in which
/// flushes lock; but MariaDB and MySQL lock what they read while they read it, before it is
/// sorted. There, this may collide with a flush, and one of the two is repeated.
fn heavy(hour: StoredTime) -> Select<hours::Entity> {
    hours::Entity::find()
        .select_only()
        .column(hours::Column::QueryKey)
        .filter(hours::Column::Hour.eq(hour))
        .filter(hours::Column::Searches.gte(HOUR_SEARCHES))
        .filter(hours::Column::Sessions.is_null())
        .order_by_asc(hours::Column::QueryKey)
}

/// Makes the sketches of queries in an hour, and of its quarters.
async fn sketch_hour(
    transaction: &DatabaseTransaction,
    hour: StoredTime,
    heavy: &[String],
) -> Result<(), Failure> {
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
            // Not where the volume counts rows that are gone.
            .and_where(quarters::Column::Searches.eq(searches))
            .take();
        transaction.execute(&update).await?;
    }
    Ok(())
}

/// Makes the sketches of a day that the transaction has locked and added up.
pub(super) async fn sketch_day(transaction: &DatabaseTransaction, day: StoredTime) -> Result<(), Failure> {
    let heavy: Vec<String> = query_days::Entity::find()
        .select_only()
        .column(query_days::Column::QueryKey)
        .filter(query_days::Column::Day.eq(day))
        .filter(query_days::Column::Searches.gte(DAY_SEARCHES))
        .order_by_asc(query_days::Column::QueryKey)
        .into_tuple()
        .all(transaction)
        .await?;
    for keys in heavy.chunks(KEYS) {
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
