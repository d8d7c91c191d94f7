//! What reports add up: searches of each query by the hour, of all by the quarter of an hour.
//!
//! Rows are added and taken away by differences, which the database applies to what is committed:
//! whoever else writes at the same time, the sums come out right.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::super::StoredTime;
use super::super::batch::{IDS, batches};
use super::super::entity::search_logs::Model;
use super::super::entity::{search_logs, search_query_hours as hours, search_volume_quarters as quarters};
use super::super::failure::Failure;
use super::super::span::{HOUR_S, QUARTER_S, floor};
use super::super::sums::{Sign, added, proposed};
use super::days;

/// Roll-ups in one statement, at eight parameters each.
const STATEMENT_ROLLUPS: usize = 1_000;
/// Text in one statement, in bytes, as for the rows.
const STATEMENT_BYTES: usize = 2 << 20;
/// The most results of one search that count for an average: whatever clients send, sums of these
/// stay numbers.
pub(super) const MAX_RESULTS: i64 = u32::MAX as i64;

/// What becomes of the volume when rows are taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Volume {
    /// It still counts them.
    Stays,
    /// It forgets them.
    Shrinks,
}

/// What some rows come to; in the order in which roll-ups are locked. On MariaDB and MySQL, that
/// order holds for the roll-ups, not for entries of their other indexes, which are locked as well:
/// two writers may collide there, and one of them is repeated.
pub(super) struct RollUps {
    hours: BTreeMap<(StoredTime, String), QueryHour>,
    quarters: BTreeMap<StoredTime, Quarter>,
}

struct QueryHour {
    searches: i64,
    zero_results: i64,
    counted: i64,
    results: i64,
    /// Time, id and spelling of the latest search.
    latest: (StoredTime, Uuid, String),
}

#[derive(Default)]
struct Quarter {
    searches: i64,
    zero_results: i64,
}

impl RollUps {
    pub(super) fn of(rows: &[Model]) -> Self {
        let mut rollups = Self { hours: BTreeMap::new(), quarters: BTreeMap::new() };
        for row in rows {
            let at = row.last_keystroke_at;
            let zero_results = i64::from(row.result_count == Some(0));
            let hour = rollups.hours.entry((floor(at, HOUR_S), row.query_key.clone())).or_insert_with(|| {
                let latest = (at, row.id, row.query.clone());
                QueryHour { searches: 0, zero_results: 0, counted: 0, results: 0, latest }
            });
            hour.searches += 1;
            hour.zero_results += zero_results;
            if let Some(count) = row.result_count {
                hour.counted += 1;
                hour.results += count.clamp(0, MAX_RESULTS);
            }
            if (at, row.id) > (hour.latest.0, hour.latest.1) {
                hour.latest = (at, row.id, row.query.clone());
            }
            let quarter = rollups.quarters.entry(floor(at, QUARTER_S)).or_default();
            quarter.searches += 1;
            quarter.zero_results += zero_results;
        }
        rollups
    }

    /// Counts rows that the transaction inserted.
    pub(super) async fn add(&self, transaction: &DatabaseTransaction) -> Result<(), Failure> {
        self.apply_to_hours(transaction, Sign::Plus).await?;
        days::mark_changed(transaction, self.hours.keys()).await?;
        // Last, since every flusher waits for these few.
        self.apply_to_quarters(transaction, Sign::Plus).await
    }

    /// Counts the removal of rows that the transaction deleted. What comes to nothing goes, and
    /// what is shown of the rest is the spelling of a search that is still there.
    pub(super) async fn subtract(
        &self,
        transaction: &DatabaseTransaction,
        volume: Volume,
    ) -> Result<(), Failure> {
        self.apply_to_hours(transaction, Sign::Minus).await?;
        let mut keys: BTreeMap<StoredTime, Vec<&str>> = BTreeMap::new();
        for (hour, key) in self.hours.keys() {
            keys.entry(*hour).or_default().push(key);
        }
        for (hour, keys) in keys {
            for keys in keys.chunks(IDS) {
                hours::Entity::delete_many()
                    .filter(hours::Column::Hour.eq(hour))
                    .filter(hours::Column::QueryKey.is_in(keys.iter().copied()))
                    .filter(hours::Column::Searches.lte(0))
                    .exec(transaction)
                    .await?;
                self.respell(transaction, hour, keys).await?;
            }
        }
        days::mark_changed(transaction, self.hours.keys()).await?;
        days::forget(transaction, self.hours.keys()).await?;
        if volume == Volume::Stays {
            return Ok(());
        }
        self.apply_to_quarters(transaction, Sign::Minus).await?;
        let touched: Vec<StoredTime> = self.quarters.keys().copied().collect();
        for touched in touched.chunks(IDS) {
            quarters::Entity::delete_many()
                .filter(quarters::Column::Quarter.is_in(touched.iter().copied()))
                .filter(quarters::Column::Searches.lte(0))
                .exec(transaction)
                .await?;
        }
        Ok(())
    }

    async fn apply_to_hours(&self, transaction: &DatabaseTransaction, sign: Sign) -> Result<(), Failure> {
        let backend = transaction.get_database_backend();
        let later = |then: &str, otherwise: &str| {
            let new_time = proposed(backend, "last_searched_at");
            let case = "CASE WHEN {new} > search_query_hours.last_searched_at THEN {then} ELSE {old} END";
            Expr::cust(case.replace("{new}", &new_time).replace("{then}", then).replace("{old}", otherwise))
        };
        let sum = |column: &str| added(backend, "search_query_hours", column);
        let on_conflict = OnConflict::columns([hours::Column::Hour, hours::Column::QueryKey])
            // Before the time that it depends on: MySQL assigns one after the other.
            .value(hours::Column::Query, later(&proposed(backend, "query"), "search_query_hours.query"))
            .value(
                hours::Column::LastSearchedAt,
                later(&proposed(backend, "last_searched_at"), "search_query_hours.last_searched_at"),
            )
            .value(hours::Column::Searches, sum("searches"))
            .value(hours::Column::ZeroResults, sum("zero_results"))
            .value(hours::Column::Counted, sum("counted"))
            .value(hours::Column::Results, sum("results"))
            // A sketch that is there is right.
            .value(hours::Column::Sessions, Option::<Vec<u8>>::None)
            .to_owned();
        let rollups: Vec<_> = self.hours.iter().collect();
        let size = |((_, key), of): &(&(StoredTime, String), &QueryHour)| key.len() + of.latest.2.len();
        let factor = sign as i64;
        for batch in batches(rollups, STATEMENT_ROLLUPS, STATEMENT_BYTES, size) {
            let values = batch.iter().map(|((hour, key), of)| {
                let (latest, query) = match sign {
                    Sign::Plus => (of.latest.0, of.latest.2.as_str()),
                    // Not later than any search of the hour, so it never counts as the latest.
                    Sign::Minus => (*hour, ""),
                };
                [
                    Expr::from(*hour),
                    key.as_str().into(),
                    query.into(),
                    (factor * of.searches).into(),
                    (factor * of.zero_results).into(),
                    (factor * of.counted).into(),
                    (factor * of.results).into(),
                    latest.into(),
                ]
            });
            let upsert = Query::insert()
                .into_table(hours::Entity)
                .columns([
                    hours::Column::Hour,
                    hours::Column::QueryKey,
                    hours::Column::Query,
                    hours::Column::Searches,
                    hours::Column::ZeroResults,
                    hours::Column::Counted,
                    hours::Column::Results,
                    hours::Column::LastSearchedAt,
                ])
                .values_from_panic(values)
                .on_conflict(on_conflict.clone())
                .take();
            transaction.execute(&upsert).await?;
        }
        Ok(())
    }

    async fn apply_to_quarters(&self, transaction: &DatabaseTransaction, sign: Sign) -> Result<(), Failure> {
        let backend = transaction.get_database_backend();
        let sum = |column: &str| added(backend, "search_volume_quarters", column);
        let on_conflict = OnConflict::column(quarters::Column::Quarter)
            .value(quarters::Column::Searches, sum("searches"))
            .value(quarters::Column::ZeroResults, sum("zero_results"))
            .value(quarters::Column::Sessions, Option::<Vec<u8>>::None)
            .to_owned();
        let factor = sign as i64;
        let all: Vec<_> = self.quarters.iter().collect();
        for batch in all.chunks(STATEMENT_ROLLUPS) {
            let values = batch.iter().map(|(quarter, of)| {
                [Expr::from(**quarter), (factor * of.searches).into(), (factor * of.zero_results).into()]
            });
            let upsert = Query::insert()
                .into_table(quarters::Entity)
                .columns([
                    quarters::Column::Quarter,
                    quarters::Column::Searches,
                    quarters::Column::ZeroResults,
                ])
                .values_from_panic(values)
                .on_conflict(on_conflict.clone())
                .take();
            transaction.execute(&upsert).await?;
        }
        Ok(())
    }

    /// Shows the latest search that is left, where the one that was shown is gone.
    async fn respell(
        &self,
        transaction: &DatabaseTransaction,
        hour: StoredTime,
        keys: &[&str],
    ) -> Result<(), Failure> {
        let left: Vec<(String, StoredTime)> = hours::Entity::find()
            .select_only()
            .columns([hours::Column::QueryKey, hours::Column::LastSearchedAt])
            .filter(hours::Column::Hour.eq(hour))
            .filter(hours::Column::QueryKey.is_in(keys.iter().copied()))
            .into_tuple()
            .all(transaction)
            .await?;
        for (key, shown_at) in left {
            let rollup = (hour, key);
            let removed = self.hours.get(&rollup).map(|removed| removed.latest.0);
            if removed.is_none_or(|removed| removed < shown_at) {
                continue;
            }
            let (_, key) = rollup;
            let latest: Option<(String, StoredTime)> = search_logs::Entity::find()
                .select_only()
                .columns([search_logs::Column::Query, search_logs::Column::LastKeystrokeAt])
                .filter(search_logs::Column::QueryKey.eq(&key))
                .filter(search_logs::Column::LastKeystrokeAt.gte(hour))
                .filter(search_logs::Column::LastKeystrokeAt.lt(hour + chrono::TimeDelta::seconds(HOUR_S)))
                .order_by(search_logs::Column::LastKeystrokeAt, Order::Desc)
                .order_by(search_logs::Column::Id, Order::Desc)
                .into_tuple()
                .one(transaction)
                .await?;
            let of_query = hours::Column::Hour.eq(hour).and(hours::Column::QueryKey.eq(&key));
            match latest {
                Some((query, at)) => {
                    hours::Entity::update_many()
                        .col_expr(hours::Column::Query, Expr::value(query))
                        .col_expr(hours::Column::LastSearchedAt, Expr::value(at))
                        .filter(of_query)
                        .exec(transaction)
                        .await?;
                }
                // No search stands behind it: rows were deleted by hand. Their text goes, too.
                None => {
                    hours::Entity::delete_many().filter(of_query).exec(transaction).await?;
                }
            }
        }
        Ok(())
    }
}
