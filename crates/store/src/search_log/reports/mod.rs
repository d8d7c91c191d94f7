//! Reports of the log: exact counts of searches in any period.
//!
//! - `parts`: splits a period into days, hours and rows.
//! - `sums`: sums the counts of queries over these parts.
//! - `prefixes`, `ranking`: find the candidates for the top queries, so that only these are summed.
//! - `rows`: spellings and sessions from the rows.
//! - `sessions`: distinct sessions of queries, estimated for many searches.
//! - `volume`: the number of searches over time.
//! - `filtered`: the same from rows alone, for searches with given facts about their requests.
//!
//! Each report reads one snapshot of the database.

mod filtered;
mod parts;
mod prefixes;
mod ranking;
mod rows;
mod sessions;
mod sums;
mod volume;

use quarry_runtime::boxed;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Order, Query};

use crate::batch::STATEMENT_BYTES;
use crate::entity::search_days;
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::{DAY_S, Span, floor};
use crate::{Store, StoreError, StoredTime};
use parts::{DayState, PeriodParts};
use quarry_domain::{Period, SearchFact, TopSearch, ZeroResultSearch};
use rows::Votes;
use sums::{QueryCounts, RankBy};

/// The least number of lists to read prefixes of: fewer are summed completely.
const MIN_LISTS: usize = 3;
/// The largest number of lists to read prefixes of: more are as long as all rows.
const MAX_LISTS: usize = 2_000;
/// The largest number of candidates: summing more takes as long as summing all queries.
const MAX_CANDIDATES: usize = 4_000;
/// Attempts with prefixes before all queries are summed; the depth grows by four.
const PREFIX_ATTEMPTS: usize = 3;
/// The largest number of rows in all prefixes.
const MAX_PREFIX_ROWS: u64 = 100_000;

impl Store {
    /// The most frequent queries after the first `offset`, of searches with all facts; ties in order of their keys.
    #[boxed]
    pub async fn top_searches(
        &self,
        period: Period,
        facts: &[SearchFact],
        offset: u64,
        first: u64,
    ) -> Result<Vec<TopSearch>, StoreError> {
        let scope = LoggedScope { period: Span::of(period), facts: facts.to_vec() };
        self.read_snapshot((scope, offset, first), |snapshot, (scope, offset, first)| {
            Box::pin(top_searches(snapshot, scope, *offset, *first))
        })
        .await
    }

    /// The most frequent queries without results, and relaxed ones if requested, after the first `offset`, of
    /// searches with all facts; ties in order of their keys.
    #[boxed]
    pub async fn zero_result_searches(
        &self,
        period: Period,
        facts: &[SearchFact],
        with_relaxed: bool,
        offset: u64,
        first: u64,
    ) -> Result<Vec<ZeroResultSearch>, StoreError> {
        let by = if with_relaxed { RankBy::Unmatched } else { RankBy::ZeroResults };
        let scope = LoggedScope { period: Span::of(period), facts: facts.to_vec() };
        self.read_snapshot((scope, by, offset, first), |snapshot, (scope, by, offset, first)| {
            Box::pin(zero_result_searches(snapshot, scope, *by, *offset, *first))
        })
        .await
    }
}

/// The searches of a report.
struct LoggedScope {
    period: Span,
    /// The facts that their contexts hold; empty for all searches.
    facts: Vec<SearchFact>,
}

/// A row of a report.
struct ReportRow {
    sums: QueryCounts,
    query: String,
    last_searched_at: StoredTime,
    sessions: i64,
}

async fn top_searches(
    snapshot: &ReadTransaction,
    scope: &LoggedScope,
    offset: u64,
    first: u64,
) -> Result<Vec<TopSearch>, CallFailure> {
    let rows = rank(snapshot, scope, RankBy::Searches, offset, first).await?;
    let search = |row: ReportRow| TopSearch {
        query: row.query,
        searches: row.sums.searches,
        sessions: row.sessions,
        average_results: (row.sums.counted > 0).then(|| row.sums.results as f64 / row.sums.counted as f64),
        query_key: row.sums.query_key,
    };
    Ok(rows.into_iter().map(search).collect())
}

async fn zero_result_searches(
    snapshot: &ReadTransaction,
    scope: &LoggedScope,
    by: RankBy,
    offset: u64,
    first: u64,
) -> Result<Vec<ZeroResultSearch>, CallFailure> {
    let rows = rank(snapshot, scope, by, offset, first).await?;
    let search = |row: ReportRow| ZeroResultSearch {
        query: row.query,
        query_key: row.sums.query_key,
        searches: if by == RankBy::Unmatched { row.sums.unmatched } else { row.sums.zero_results },
        relaxed: if by == RankBy::Unmatched { row.sums.unmatched - row.sums.zero_results } else { 0 },
        sessions: row.sessions,
        last_searched_at: row.last_searched_at.to_utc(),
    };
    Ok(rows.into_iter().map(search).collect())
}

async fn rank(
    snapshot: &ReadTransaction,
    LoggedScope { period, facts }: &LoggedScope,
    by: RankBy,
    offset: u64,
    first: u64,
) -> Result<Vec<ReportRow>, CallFailure> {
    let skip = |ranked: &mut Vec<QueryCounts>| drop(ranked.drain(..ranked.len().min(offset as usize)));
    let (ranked, mut votes) = if facts.is_empty() {
        let states = states(snapshot, *period).await?;
        let parts = PeriodParts::of(*period, &states);
        let mut ranked = greatest(snapshot, *period, &states, &parts, by, offset + first).await?;
        skip(&mut ranked);
        let votes = sessions::of_queries(snapshot, *period, &parts, &ranked).await?;
        (ranked, votes)
    } else {
        let mut ranked = filtered::greatest(snapshot, *period, facts, by, offset + first).await?;
        skip(&mut ranked);
        let votes = filtered::votes(snapshot, *period, facts, &ranked).await?;
        (ranked, votes)
    };
    let row = |sums: QueryCounts| {
        // `None` if rows were deleted manually: the spelling is unknown.
        let Votes { query, last_searched_at, sessions, .. } = votes.remove(&sums.query_key)?;
        Some(ReportRow { sums, query, last_searched_at, sessions })
    };
    Ok(ranked.into_iter().filter_map(row).collect())
}

/// The queries with the greatest counts, greatest first.
async fn greatest(
    snapshot: &ReadTransaction,
    period: Span,
    states: &[DayState],
    parts: &PeriodParts,
    by: RankBy,
    first: u64,
) -> Result<Vec<QueryCounts>, CallFailure> {
    let lists = prefixes::lists(period, states);
    let within = lists.iter().filter(|list| list.is_within).count();
    if within >= MIN_LISTS && lists.len() <= MAX_LISTS {
        let mut depth = first.saturating_mul(2).saturating_add(10);
        for _ in 0..PREFIX_ATTEMPTS {
            let prefixes = prefixes::read(snapshot, &lists, by, depth).await?;
            let candidates = ranking::candidates(&prefixes, first as usize);
            if let Some(candidates) = candidates.filter(|candidates| are_few(candidates, parts)) {
                return sums::greatest(snapshot, parts, by, Some(&candidates), first).await;
            }
            depth = depth.saturating_mul(4);
            let is_complete = prefixes.iter().all(|prefix| prefix.remainder == 0);
            if is_complete || depth.saturating_mul(lists.len() as u64) > MAX_PREFIX_ROWS {
                break;
            }
        }
    }
    // A short period, or one without clearly leading queries.
    sums::greatest(snapshot, parts, by, None, first).await
}

/// Returns true if summing these queries is cheaper than all, and fits into one statement.
fn are_few(candidates: &[&str], parts: &PeriodParts) -> bool {
    let bytes: usize = candidates.iter().map(|key| key.len()).sum();
    candidates.len() <= MAX_CANDIDATES && bytes.saturating_mul(sums::selections(parts)) <= STATEMENT_BYTES
}

/// The days of a period that have searches.
async fn states(snapshot: &ReadTransaction, period: Span) -> Result<Vec<DayState>, CallFailure> {
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
