//! Popular searches, and marks that show changes of the log.

use quarry_runtime::boxed;
use std::collections::{HashMap, HashSet};

use chrono::{DurationRound, TimeDelta};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
};

use super::super::batch::union_all;
use super::super::entity::{
    search_days, search_erasures, search_logs, search_query_hours, search_volume_quarters,
};
use super::super::failure::CallFailure;
use super::super::span::{DAY_S, floor};
use super::super::sums::total;
use super::super::{Store, StoreError, StoredTime, stored};
use quarry_domain::{FinalReason, Timestamp};

/// The reasons of interrupted searches, whose text may be incomplete.
const INTERRUPTED: [FinalReason; 2] = [FinalReason::Limit, FinalReason::Shutdown];
/// Queries in one statement: SQLite allows a union of 500 selections.
const STATEMENT_QUERIES: usize = 64;
/// The number of a query's latest searches to sample, as a multiple of the required sessions.
const SAMPLE_FACTOR: u64 = 4;
const SAMPLE_BOUNDS: (u64, u64) = (64, 1_024);
/// The fewest sessions of a sample.
const MIN_VOTES: usize = 8;
/// The largest number of spellings with their sessions to read.
const MAX_SPELLINGS: u64 = 100_000;
/// Candidates for each requested query, because some have too few sessions.
const CANDIDATE_FACTOR: u64 = 2;

/// A query with enough sessions that completed it in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopularSearch {
    /// The spelling of most sessions.
    pub query: String,
    /// The normalized text, equal for all spellings.
    pub query_key: String,
    /// The number of searches, including interrupted ones.
    pub searches: i64,
}

/// The state of the log since an hour: popular searches are equal if their marks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchLogMark {
    /// The number of searches.
    searches: i64,
    /// The time of the oldest search, which changes with deletions.
    earliest: Option<StoredTime>,
    latest: Option<StoredTime>,
    /// The time of the latest change of a day, which also changes with superseded searches.
    changed: Option<StoredTime>,
    erasures: ErasureMark,
}

impl SearchLogMark {
    /// The state of erasures.
    pub fn erasures(&self) -> ErasureMark {
        self.erasures
    }
}

/// The state of erasures: no erasure has started between two equal marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasureMark {
    count: i64,
    latest: Option<StoredTime>,
}

#[derive(FromQueryResult)]
struct PopularCandidate {
    query_key: String,
    total: i64,
}

#[derive(FromQueryResult)]
struct SampledSearch {
    query_key: String,
    query: String,
    session_id: String,
}

impl Store {
    /// The queries that at least `min_sessions` sessions have completed in one spelling since the start of an hour.
    ///
    /// Most searches first, ties by key. It sums all hours since then, so it suits background jobs. Sessions are
    /// sampled from a query's latest searches; all are counted only for queries that few sessions repeat.
    #[boxed]
    pub async fn popular_searches(
        &self,
        since: Timestamp,
        min_sessions: u32,
        limit: u64,
    ) -> Result<Vec<PopularSearch>, StoreError> {
        let since = start_of_hour(since);
        let candidates =
            candidates(self.backend(), since, min_sessions, limit.saturating_mul(CANDIDATE_FACTOR));
        let candidates: Vec<PopularCandidate> = self
            .read(|database| async move {
                Ok(PopularCandidate::find_by_statement(candidates).all(&database).await?)
            })
            .await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut popular = Vec::new();
        for few in candidates.chunks(STATEMENT_QUERIES) {
            let keys: Vec<String> = few.iter().map(|candidate| candidate.query_key.clone()).collect();
            let spellings = self
                .read(|database| async move { spellings(&database, &keys, since, min_sessions).await })
                .await?;
            popular.extend(few.iter().filter_map(|candidate| {
                Some(PopularSearch {
                    query: spellings.get(&candidate.query_key)?.clone(),
                    query_key: candidate.query_key.clone(),
                    searches: candidate.total,
                })
            }));
            if popular.len() >= limit {
                popular.truncate(limit);
                break;
            }
        }
        Ok(popular)
    }

    /// The state of the log since the start of an hour, by a few small queries.
    #[boxed]
    pub async fn search_log_mark(&self, since: Timestamp) -> Result<SearchLogMark, StoreError> {
        let since = start_of_hour(since);
        let backend = self.backend();
        self.read(move |database| async move {
            use search_logs::Column::LastKeystrokeAt;
            use search_volume_quarters::Column::{Quarter, Searches};
            let volume: Option<Option<i64>> = search_volume_quarters::Entity::find()
                .select_only()
                .column_as(total(backend, Expr::col(Searches)), "searches")
                .filter(Quarter.gte(since))
                .into_tuple()
                .one(&database)
                .await?;
            let rows = || search_logs::Entity::find().select_only().column(LastKeystrokeAt);
            let earliest: Option<StoredTime> = rows()
                .filter(LastKeystrokeAt.gte(since))
                .order_by_asc(LastKeystrokeAt)
                .into_tuple()
                .one(&database)
                .await?;
            let latest: Option<StoredTime> =
                rows().order_by_desc(LastKeystrokeAt).into_tuple().one(&database).await?;
            let changed: Option<Option<StoredTime>> = search_days::Entity::find()
                .select_only()
                .column_as(Expr::col(search_days::Column::ChangedAt).max(), "changed")
                .filter(search_days::Column::Day.gte(floor(since, DAY_S)))
                .into_tuple()
                .one(&database)
                .await?;
            let erasures = erasures(&database).await?;
            let (searches, changed) = (volume.flatten().unwrap_or(0), changed.flatten());
            Ok(SearchLogMark { searches, earliest, latest, changed, erasures })
        })
        .await
    }

    /// The state of erasures, by one small query.
    #[boxed]
    pub async fn erasure_mark(&self) -> Result<ErasureMark, StoreError> {
        self.read(|database| async move { erasures(&database).await }).await
    }
}

async fn erasures(database: &DatabaseConnection) -> Result<ErasureMark, CallFailure> {
    use search_erasures::Column::{ErasedAt, Searcher};
    let found: Option<(i64, Option<StoredTime>)> = search_erasures::Entity::find()
        .select_only()
        .column_as(Expr::col(Searcher).count(), "erasures")
        .column_as(Expr::col(ErasedAt).max(), "erased_at")
        .into_tuple()
        .one(database)
        .await?;
    let (count, latest) = found.unwrap_or_default();
    Ok(ErasureMark { count, latest })
}

fn start_of_hour(at: Timestamp) -> StoredTime {
    stored(at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at))
}

/// Selects the queries with the most searches, at least as many as the required sessions.
fn candidates(backend: DbBackend, since: StoredTime, min_sessions: u32, limit: u64) -> sea_orm::Statement {
    use search_query_hours::{Column, Entity};
    Entity::find()
        .select_only()
        .column(Column::QueryKey)
        .column_as(total(backend, Expr::col(Column::Searches)), "total")
        .filter(Column::Hour.gte(since))
        .group_by(Column::QueryKey)
        .having(Column::Searches.sum().gte(i64::from(min_sessions)))
        .order_by(Expr::col(Alias::new("total")), Order::Desc)
        .order_by_asc(Column::QueryKey)
        .limit(limit)
        .build(backend)
}

/// The queries with a spelling that enough sessions have completed, with that of most sessions.
///
/// Spellings that differ only in case count together, and those of other words apart: `therapist`, `the rapist`.
async fn spellings(
    database: &DatabaseConnection,
    keys: &[String],
    since: StoredTime,
    min_sessions: u32,
) -> Result<HashMap<String, String>, CallFailure> {
    let required = usize::try_from(min_sessions).unwrap_or(usize::MAX);
    let sample_size =
        u64::from(min_sessions).saturating_mul(SAMPLE_FACTOR).clamp(SAMPLE_BOUNDS.0, SAMPLE_BOUNDS.1);
    let statement = database.get_database_backend().build(&latest_of_each(keys, since, sample_size));
    let mut samples: HashMap<String, SpellingSample> = HashMap::new();
    for row in SampledSearch::find_by_statement(statement).all(database).await? {
        samples.entry(row.query_key).or_default().add(row.query, row.session_id);
    }
    let undecided: Vec<&str> = samples
        .iter()
        .filter(|(_, sample)| sample.searches >= sample_size && !sample.is_decisive(required))
        .map(|(key, _)| key.as_str())
        .collect();
    let mut counted: HashMap<String, SpellingSample> = HashMap::new();
    if !undecided.is_empty() {
        for (key, query, session) in
            all_spellings(&undecided, since).into_tuple::<(String, String, String)>().all(database).await?
        {
            counted.entry(key).or_default().add(query, session);
        }
    }
    samples.extend(counted);
    let leading = |(key, sample): (String, SpellingSample)| Some((key, sample.leading(required)?));
    Ok(samples.into_iter().filter_map(leading).collect())
}

/// The sessions of a query by spelling.
#[derive(Default)]
struct SpellingSample {
    searches: u64,
    /// By the spelling in lower case: its sessions, and the sessions of each spelling.
    spellings: HashMap<String, HashMap<String, HashSet<String>>>,
}

impl SpellingSample {
    fn add(&mut self, query: String, session: String) {
        self.searches += 1;
        let words: Vec<&str> = query.split_whitespace().collect();
        self.spellings
            .entry(words.join(" ").to_lowercase())
            .or_default()
            .entry(query)
            .or_default()
            .insert(session);
    }

    /// Returns true if further searches hardly change the spelling.
    fn is_decisive(&self, required: usize) -> bool {
        let sessions: HashSet<&String> =
            self.spellings.values().flat_map(HashMap::values).flatten().collect();
        sessions.len() >= MIN_VOTES && self.leading(required).is_some()
    }

    /// The spelling of most sessions, if these are enough.
    fn leading(&self, required: usize) -> Option<String> {
        let distinct = |cases: &HashMap<String, HashSet<String>>| {
            cases.values().flatten().collect::<HashSet<&String>>().len()
        };
        let (cases, _) = self
            .spellings
            .iter()
            .map(|(lower, cases)| (cases, (distinct(cases), lower)))
            .filter(|(_, (sessions, _))| *sessions >= required)
            .max_by_key(|(_, rank)| *rank)?;
        let spelling = cases.iter().max_by_key(|(query, sessions)| (sessions.len(), *query))?;
        Some(spelling.0.clone())
    }
}

/// Selects the latest completed searches of each query.
fn latest_of_each(keys: &[String], since: StoredTime, each: u64) -> SelectStatement {
    use search_logs::{Column, Entity};
    let columns = [Column::QueryKey, Column::Query, Column::SessionId];
    let of = |key: &String| {
        let latest = Query::select()
            .columns(columns)
            .from(Entity)
            .cond_where(completed(since).add(Column::QueryKey.eq(key)))
            .order_by(Column::LastKeystrokeAt, Order::Desc)
            .order_by(Column::Id, Order::Desc)
            .limit(each)
            .take();
        // A subquery, because some databases accept no limit in a part of a union.
        Query::select().columns(columns).from_subquery(latest, Alias::new("latest")).take()
    };
    union_all(keys.iter().map(of)).unwrap_or_default()
}

/// Selects the spellings of queries with their sessions.
fn all_spellings(keys: &[&str], since: StoredTime) -> Select<search_logs::Entity> {
    use search_logs::{Column, Entity};
    Entity::find()
        .select_only()
        .distinct()
        .columns([Column::QueryKey, Column::Query, Column::SessionId])
        .filter(completed(since))
        .filter(Column::QueryKey.is_in(keys.iter().copied()))
        .limit(MAX_SPELLINGS)
}

fn completed(since: StoredTime) -> Condition {
    use search_logs::Column;
    Condition::all()
        .add(Column::LastKeystrokeAt.gte(since))
        .add(Column::Reason.is_not_in(INTERRUPTED.map(FinalReason::name)))
}
