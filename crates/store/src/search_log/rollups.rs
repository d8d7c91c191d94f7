//! Roll-ups of the log: queries by hour, and all searches by quarter of an hour.
//!
//! Upserts add increments to the committed values, so concurrent writers keep the sums exact.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, InsertMany, Order, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::super::StoredTime;
use super::super::batch::{STATEMENT_BYTES, STATEMENT_IDS, batches};
use super::super::entity::search_logs::Model;
use super::super::entity::{search_logs, search_query_hours as hours, search_volume_quarters as quarters};
use super::super::failure::CallFailure;
use super::super::span::{HOUR, HOUR_S, QUARTER_S, floor};
use super::super::sums::{added, proposed};
use super::days;

/// Roll-ups in one statement, at ten parameters each.
const STATEMENT_ROLLUPS: usize = 1_000;
/// The largest number of results in an average, so that sums do not overflow.
pub(super) const MAX_RESULTS: i64 = u32::MAX as i64;

/// The counts of some rows, in the order in which roll-ups are locked.
///
/// MariaDB and MySQL also lock entries of secondary indexes, in another order: a deadlock of two writers is
/// possible there, and one of both is retried.
pub(super) struct RollUps {
    hours: BTreeMap<(StoredTime, String), QueryHour>,
    quarters: BTreeMap<StoredTime, Quarter>,
}

struct QueryHour {
    searches: i64,
    zero_results: i64,
    /// Searches without results, and relaxed ones.
    unmatched: i64,
    counted: i64,
    results: i64,
    /// Time, id and spelling of the latest search.
    latest: (StoredTime, Uuid, String),
}

impl QueryHour {
    fn empty(latest: (StoredTime, Uuid, String)) -> Self {
        Self { searches: 0, zero_results: 0, unmatched: 0, counted: 0, results: 0, latest }
    }
}

#[derive(Default)]
struct Quarter {
    searches: i64,
    zero_results: i64,
}

impl RollUps {
    fn of(rows: &[Model]) -> Self {
        let mut rollups = Self { hours: BTreeMap::new(), quarters: BTreeMap::new() };
        for row in rows {
            let at = row.last_keystroke_at;
            let zero_results = i64::from(row.result_count == Some(0));
            let hour = rollups
                .hours
                .entry((floor(at, HOUR_S), row.query_key.clone()))
                .or_insert_with(|| QueryHour::empty((at, row.id, row.query.clone())));
            hour.searches += 1;
            hour.zero_results += zero_results;
            hour.unmatched += i64::from(row.result_count == Some(0) || row.relaxed == Some(true));
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

    /// Adds rows that the transaction inserted, and subtracts those that it deleted or superseded.
    ///
    /// One statement changes each kind of roll-up, in the order of locks. Roll-ups without searches are deleted,
    /// and others get the spelling of a remaining search.
    pub(super) async fn change(
        transaction: &DatabaseTransaction,
        added: &[Model],
        removed: &[Model],
    ) -> Result<(), CallFailure> {
        let (mut net, removed) = (Self::of(added), Self::of(removed));
        net.offset(&removed);
        net.apply_to_hours(transaction).await?;
        removed.clean_hours(transaction).await?;
        days::mark_changed(transaction, net.hours.keys()).await?;
        days::delete_queries(transaction, removed.hours.keys()).await?;
        // Last, because all flushers wait for these few rows.
        net.apply_to_quarters(transaction).await?;
        removed.clean_quarters(transaction).await
    }

    /// Subtracts the counts of rows; a query that is only subtracted does not change a spelling.
    fn offset(&mut self, removed: &Self) {
        for (key, of) in &removed.hours {
            let hour = self.hours.entry(key.clone()).or_insert_with(|| {
                // The start of the hour is never later than a search in it.
                QueryHour::empty((key.0, Uuid::nil(), String::new()))
            });
            hour.searches -= of.searches;
            hour.zero_results -= of.zero_results;
            hour.unmatched -= of.unmatched;
            hour.counted -= of.counted;
            hour.results -= of.results;
        }
        for (quarter, of) in &removed.quarters {
            let net = self.quarters.entry(*quarter).or_default();
            net.searches -= of.searches;
            net.zero_results -= of.zero_results;
        }
    }

    /// Deletes roll-ups without searches, and gives others the spelling of a remaining search.
    async fn clean_hours(&self, transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
        let mut keys: BTreeMap<StoredTime, Vec<&str>> = BTreeMap::new();
        for (hour, key) in self.hours.keys() {
            keys.entry(*hour).or_default().push(key);
        }
        for (hour, keys) in keys {
            for keys in keys.chunks(STATEMENT_IDS) {
                hours::Entity::delete_many()
                    .filter(hours::Column::Hour.eq(hour))
                    .filter(hours::Column::QueryKey.is_in(keys.iter().copied()))
                    .filter(hours::Column::Searches.lte(0))
                    .exec(transaction)
                    .await?;
                self.respell(transaction, hour, keys).await?;
            }
        }
        Ok(())
    }

    async fn clean_quarters(&self, transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
        let quarters: Vec<StoredTime> = self.quarters.keys().copied().collect();
        for quarters in quarters.chunks(STATEMENT_IDS) {
            quarters::Entity::delete_many()
                .filter(quarters::Column::Quarter.is_in(quarters.iter().copied()))
                .filter(quarters::Column::Searches.lte(0))
                .exec(transaction)
                .await?;
        }
        Ok(())
    }

    async fn apply_to_hours(&self, transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
        let backend = transaction.get_database_backend();
        let later = |then: &str, otherwise: &str| {
            let new_time = proposed(backend, "last_searched_at");
            let case = "CASE WHEN {new} > search_query_hours.last_searched_at THEN {then} ELSE {old} END";
            Expr::cust(case.replace("{new}", &new_time).replace("{then}", then).replace("{old}", otherwise))
        };
        let sum = |column: &str| added(backend, "search_query_hours", column);
        let on_conflict = OnConflict::columns([hours::Column::Hour, hours::Column::QueryKey])
            // MySQL assigns in this order, so the query precedes the time that it depends on.
            .value(hours::Column::Query, later(&proposed(backend, "query"), "search_query_hours.query"))
            .value(
                hours::Column::LastSearchedAt,
                later(&proposed(backend, "last_searched_at"), "search_query_hours.last_searched_at"),
            )
            .value(hours::Column::Searches, sum("searches"))
            .value(hours::Column::ZeroResults, sum("zero_results"))
            .value(hours::Column::Unmatched, sum("unmatched"))
            .value(hours::Column::Counted, sum("counted"))
            .value(hours::Column::Results, sum("results"))
            // A stored sketch is always current, so a change deletes it.
            .value(hours::Column::Sessions, Option::<Vec<u8>>::None)
            .to_owned();
        let rollups: Vec<_> = self.hours.iter().collect();
        let size = |((_, key), of): &(&(StoredTime, String), &QueryHour)| key.len() + of.latest.2.len();
        for batch in batches(rollups, STATEMENT_ROLLUPS, STATEMENT_BYTES, size) {
            let rows = batch.into_iter().map(|((hour, key), of)| hours::Model {
                hour: *hour,
                query_key: key.clone(),
                query: of.latest.2.clone(),
                searches: of.searches,
                zero_results: of.zero_results,
                unmatched: of.unmatched,
                counted: of.counted,
                results: of.results,
                last_searched_at: of.latest.0,
                sessions: None,
            });
            InsertMany::<hours::ActiveModel>::many(rows)
                .on_conflict(on_conflict.clone())
                .exec_without_returning(transaction)
                .await?;
        }
        Ok(())
    }

    async fn apply_to_quarters(&self, transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
        let backend = transaction.get_database_backend();
        let sum = |column: &str| added(backend, "search_volume_quarters", column);
        let on_conflict = OnConflict::column(quarters::Column::Quarter)
            .value(quarters::Column::Searches, sum("searches"))
            .value(quarters::Column::ZeroResults, sum("zero_results"))
            .value(quarters::Column::Sessions, Option::<Vec<u8>>::None)
            .to_owned();
        let all: Vec<_> = self.quarters.iter().collect();
        for batch in all.chunks(STATEMENT_ROLLUPS) {
            let rows = batch.iter().map(|(quarter, of)| quarters::Model {
                quarter: **quarter,
                searches: of.searches,
                zero_results: of.zero_results,
                sessions: None,
            });
            InsertMany::<quarters::ActiveModel>::many(rows)
                .on_conflict(on_conflict.clone())
                .exec_without_returning(transaction)
                .await?;
        }
        Ok(())
    }

    /// Updates the spelling and time of roll-ups whose latest search was deleted.
    async fn respell(
        &self,
        transaction: &DatabaseTransaction,
        hour: StoredTime,
        keys: &[&str],
    ) -> Result<(), CallFailure> {
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
                .filter(search_logs::Column::LastKeystrokeAt.lt(hour + HOUR))
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
                // Rows were deleted manually: the roll-up is deleted, too, because it has their text.
                None => {
                    hours::Entity::delete_many().filter(of_query).exec(transaction).await?;
                }
            }
        }
        Ok(())
    }
}
