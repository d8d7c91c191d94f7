//! What people search for: exact counts of searches of any period, to the microsecond.
//!
//! - `parts`: takes a period apart into days, hours and rows that are added up.
//! - `sums`: adds up what queries come to in these.
//! - `heads`, `ranking`: find the few queries that may lead, so that nothing else is added up.
//! - `rows`: what only the rows know.
//! - `sessions`: distinct sessions of queries, estimated where they are many.
//! - `volume`: how much was searched for.
//!
//! Each report reads one state of the database, so none of it changes in the middle.

mod heads;
mod parts;
mod ranking;
mod rows;
mod sessions;
mod sums;
mod volume;

use quarry_runtime::boxed;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Order, Query};

use crate::entity::search_days;
use crate::failure::Failure;
use crate::snapshot::Snapshot;
use crate::span::{DAY_S, Span, floor};
use crate::{Store, StoreError, StoredTime};
use parts::{DayState, Parts};
use quarry_domain::{Period, TopSearch, ZeroResultSearch};
use sums::{Count, Sums};

/// Of so few lists, everything is added up.
const FEW_LISTS: usize = 3;
/// Of more lists than this, the heads are as much as everything.
const MANY_LISTS: usize = 2_000;
/// Adding up more queries than this costs as much as all of them.
const MANY_CANDIDATES: usize = 4_000;
/// Their text, as often as a statement repeats it, in bytes: MySQL refuses packets of more than
/// 4 MiB by some of its defaults.
const CANDIDATES_BYTES: usize = 2 << 20;
/// How often the lists are read, before everything is added up: four times as much each time.
const READINGS: usize = 3;
/// Nor are they read again for more rows than this.
const MANY_ROWS: u64 = 100_000;

impl Store {
    /// The queries that were searched for most, with their searches; ties in order of their keys.
    #[boxed]
    pub async fn top_searches(&self, period: Period, first: u64) -> Result<Vec<TopSearch>, StoreError> {
        self.read_at_once((Span::of(period), first), |snapshot, (period, first)| {
            Box::pin(top_searches(snapshot, *period, *first))
        })
        .await
    }

    /// The queries that found nothing most often; ties in order of their keys.
    #[boxed]
    pub async fn zero_result_searches(
        &self,
        period: Period,
        first: u64,
    ) -> Result<Vec<ZeroResultSearch>, StoreError> {
        self.read_at_once((Span::of(period), first), |snapshot, (period, first)| {
            Box::pin(zero_result_searches(snapshot, *period, *first))
        })
        .await
    }

    /// How the database goes about [`Store::top_searches`], a plan for each statement. They may
    /// quote what is read, so they are not to be logged.
    #[boxed]
    pub async fn top_searches_plans(&self, period: Period, first: u64) -> Result<Vec<String>, StoreError> {
        self.plans_of((Span::of(period), first), |snapshot, (period, first)| {
            Box::pin(top_searches(snapshot, *period, *first))
        })
        .await
    }

    /// The same of [`Store::zero_result_searches`].
    #[boxed]
    pub async fn zero_result_searches_plans(
        &self,
        period: Period,
        first: u64,
    ) -> Result<Vec<String>, StoreError> {
        self.plans_of((Span::of(period), first), |snapshot, (period, first)| {
            Box::pin(zero_result_searches(snapshot, *period, *first))
        })
        .await
    }
}

/// A query of a report.
struct Row {
    sums: Sums,
    query: String,
    last_searched_at: StoredTime,
    sessions: i64,
}

async fn top_searches(snapshot: &mut Snapshot, period: Span, first: u64) -> Result<Vec<TopSearch>, Failure> {
    let rows = rank(snapshot, period, Count::Searches, first).await?;
    let search = |row: Row| TopSearch {
        query: row.query,
        searches: row.sums.searches,
        sessions: row.sessions,
        average_results: (row.sums.counted > 0).then(|| row.sums.results as f64 / row.sums.counted as f64),
        query_key: row.sums.query_key,
    };
    Ok(rows.into_iter().map(search).collect())
}

async fn zero_result_searches(
    snapshot: &mut Snapshot,
    period: Span,
    first: u64,
) -> Result<Vec<ZeroResultSearch>, Failure> {
    let rows = rank(snapshot, period, Count::ZeroResults, first).await?;
    let search = |row: Row| ZeroResultSearch {
        query: row.query,
        query_key: row.sums.query_key,
        searches: row.sums.zero_results,
        sessions: row.sessions,
        last_searched_at: row.last_searched_at.to_utc(),
    };
    Ok(rows.into_iter().map(search).collect())
}

async fn rank(snapshot: &mut Snapshot, period: Span, by: Count, first: u64) -> Result<Vec<Row>, Failure> {
    let states = states(snapshot, period).await?;
    let parts = Parts::of(period, &states);
    let ranked = greatest(snapshot, period, &states, &parts, by, first).await?;
    let keys: Vec<&str> = ranked.iter().map(|sums| sums.query_key.as_str()).collect();
    let mut latest = rows::latest(snapshot, period, &keys).await?;
    let sessions = sessions::of_queries(snapshot, period, &parts, &ranked).await?;
    let row = |sums: Sums| {
        // None where rows were deleted by hand: then nobody knows a spelling.
        let (query, last_searched_at) = latest.remove(&sums.query_key)?;
        let sessions = sessions.get(&sums.query_key).copied().unwrap_or(0);
        Some(Row { sums, query, last_searched_at, sessions })
    };
    Ok(ranked.into_iter().filter_map(row).collect())
}

/// The queries with the greatest counts, greatest first.
async fn greatest(
    snapshot: &mut Snapshot,
    period: Span,
    states: &[DayState],
    parts: &Parts,
    by: Count,
    first: u64,
) -> Result<Vec<Sums>, Failure> {
    let lists = heads::lists(period, states);
    let within = lists.iter().filter(|list| list.within).count();
    if within >= FEW_LISTS && lists.len() <= MANY_LISTS {
        let mut depth = first.saturating_mul(2).saturating_add(10);
        for _ in 0..READINGS {
            let heads = heads::read(snapshot, &lists, by, depth).await?;
            let candidates = ranking::candidates(&heads, first as usize);
            if let Some(candidates) = candidates.filter(|candidates| are_few(candidates, parts)) {
                return sums::greatest(snapshot, parts, by, Some(&candidates), first).await;
            }
            depth = depth.saturating_mul(4);
            let is_all_read = heads.iter().all(|head| head.rest == 0);
            if is_all_read || depth.saturating_mul(lists.len() as u64) > MANY_ROWS {
                break;
            }
        }
    }
    // Short, or without queries that stand out.
    sums::greatest(snapshot, parts, by, None, first).await
}

/// Whether adding up these queries costs less than all of them, and one statement holds them.
fn are_few(candidates: &[&str], parts: &Parts) -> bool {
    let bytes: usize = candidates.iter().map(|key| key.len()).sum();
    candidates.len() <= MANY_CANDIDATES && bytes.saturating_mul(sums::selections(parts)) <= CANDIDATES_BYTES
}

/// The days of a period that have searches.
async fn states(snapshot: &mut Snapshot, period: Span) -> Result<Vec<DayState>, Failure> {
    let mut select = Query::select();
    select
        .columns([search_days::Column::Day, search_days::Column::Rolled])
        .from(search_days::Entity)
        .and_where(search_days::Column::Day.gte(floor(period.from, DAY_S)))
        .order_by(search_days::Column::Day, Order::Asc);
    if let Some(before) = period.before {
        select.and_where(search_days::Column::Day.lt(before));
    }
    let days: Vec<(StoredTime, bool)> = snapshot.all(&select).await?;
    Ok(days.into_iter().map(|(day, rolled)| DayState { day, rolled }).collect())
}
