//! The log of searches and its roll-ups.

mod erasure;
mod facts;
mod intake;
mod plans;
mod popular;
mod reading;
mod report_plans;
mod reports;
mod retention;
mod rolling_up;
mod scrubbing;
mod superseding;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use quarry::domain::{FinalReason, LoggedSearch, LoggedSearchId, SessionId, UserId};
use quarry::store::{NewSearch, RetentionTerms, SearchLogFilter, Slice, Store};
use sea_orm::{DatabaseConnection, DbBackend};
use uuid::Uuid;

use super::{at, raw, rows, utc};
use crate::support::databases::TestDatabase;

/// The normalized text of a query.
fn key(query: &str) -> String {
    query.to_lowercase().split_whitespace().collect::<String>().chars().take(256).collect()
}

fn id(number: u128) -> LoggedSearchId {
    LoggedSearchId(Uuid::from_u128(number))
}

fn session(id: &str) -> SessionId {
    SessionId::parse(id).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// An anonymous search, some seconds after ten o'clock.
pub(super) fn search(number: u128, of: &str, query: &str, second: i64) -> NewSearch {
    let last_keystroke_at = at("2026-11-20T10:00:00Z") + TimeDelta::seconds(second);
    NewSearch {
        revision: 1,
        id: id(number),
        session: session(of),
        user: None,
        query: query.to_owned(),
        query_key: key(query),
        truncated: false,
        keystrokes: 5,
        result_count: None,
        tier: None,
        context: Default::default(),
        reason: FinalReason::Idle,
        started_at: last_keystroke_at - TimeDelta::seconds(3),
        last_keystroke_at,
    }
}

/// Deletes searches before a point in time, by a retention of a day.
async fn remove_before(store: &Store, before: DateTime<Utc>, limit: u64) -> u64 {
    let keep = TimeDelta::days(1);
    let terms = RetentionTerms { keep: keep.to_std().unwrap(), daily_share: 1.0 };
    store.retain_searches(before + keep, terms, limit).await.unwrap().removed
}

/// The whole log.
async fn everything(store: &Store) -> Vec<LoggedSearch> {
    store.search_log(&SearchLogFilter::default(), Slice::first(1_000_000)).await.unwrap()
}

/// The number of connections to this database that wait for a lock.
async fn waiting(connection: &DatabaseConnection) -> i64 {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT COUNT(*) AS waiting FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        _ => {
            // The server caches this table for a tenth of a second after each read.
            tokio::time::sleep(Duration::from_millis(150)).await;
            "SELECT COUNT(*) AS waiting FROM information_schema.innodb_trx t
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
             WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()"
        }
    };
    rows(connection, sql).await[0].try_get("", "waiting").unwrap()
}

/// The counts of a query in an hour, and its latest search.
#[derive(Clone, Debug, Default, PartialEq)]
struct QueryHour {
    searches: i64,
    zero_results: i64,
    unmatched: i64,
    counted: i64,
    results: i64,
    last_searched_at: DateTime<Utc>,
    query: String,
}

type QueryHours = BTreeMap<(DateTime<Utc>, String), QueryHour>;
type Quarters = BTreeMap<DateTime<Utc>, (i64, i64)>;

async fn query_hours(database: &TestDatabase) -> QueryHours {
    let connection = raw(database).await;
    let mut hours = QueryHours::new();
    for row in rows(&connection, "SELECT * FROM search_query_hours").await {
        let of = QueryHour {
            searches: row.try_get("", "searches").unwrap(),
            zero_results: row.try_get("", "zero_results").unwrap(),
            unmatched: row.try_get("", "unmatched").unwrap(),
            counted: row.try_get("", "counted").unwrap(),
            results: row.try_get("", "results").unwrap(),
            last_searched_at: utc(&row, "last_searched_at"),
            query: row.try_get("", "query").unwrap(),
        };
        let place = (utc(&row, "hour"), row.try_get("", "query_key").unwrap());
        assert_eq!(hours.insert(place, of), None);
    }
    connection.close().await.unwrap();
    hours
}

async fn quarters(database: &TestDatabase) -> Quarters {
    let connection = raw(database).await;
    let mut quarters = Quarters::new();
    for row in rows(&connection, "SELECT * FROM search_volume_quarters").await {
        let of = (row.try_get("", "searches").unwrap(), row.try_get("", "zero_results").unwrap());
        assert_eq!(quarters.insert(utc(&row, "quarter"), of), None);
    }
    connection.close().await.unwrap();
    quarters
}

fn hours_of(log: &[LoggedSearch]) -> QueryHours {
    let mut hours = QueryHours::new();
    // Newest first, so the first spelling of each is the latest.
    for search in log {
        let at = search.last_keystroke_at;
        let hour = at.duration_trunc(TimeDelta::hours(1)).unwrap();
        let of = hours.entry((hour, key(&search.query))).or_insert_with(|| QueryHour {
            last_searched_at: at,
            query: search.query.clone(),
            ..QueryHour::default()
        });
        of.searches += 1;
        of.zero_results += i64::from(search.result_count == Some(0));
        let is_relaxed = search.tier.is_some_and(|tier| tier.relaxed);
        of.unmatched += i64::from(search.result_count == Some(0) || is_relaxed);
        of.counted += i64::from(search.result_count.is_some());
        of.results += search.result_count.unwrap_or(0);
    }
    hours
}

fn quarters_of(log: &[LoggedSearch]) -> Quarters {
    let mut quarters = Quarters::new();
    for search in log {
        let quarter = search.last_keystroke_at.duration_trunc(TimeDelta::minutes(15)).unwrap();
        let of = quarters.entry(quarter).or_default();
        of.0 += 1;
        of.1 += i64::from(search.result_count == Some(0));
    }
    quarters
}

/// Compares all roll-ups with the rows.
async fn assert_rolled_up(database: &TestDatabase, store: &Store) {
    let log = everything(store).await;
    assert_eq!(query_hours(database).await, hours_of(&log));
    assert_eq!(quarters(database).await, quarters_of(&log));
}
