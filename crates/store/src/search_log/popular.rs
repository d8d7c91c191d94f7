//! What many people searched for, and whether the log has changed since.

use quarry_runtime::boxed;
use std::collections::{HashMap, HashSet};

use chrono::{DurationRound, TimeDelta};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
};

use super::super::entity::{search_erasures, search_logs, search_query_hours, search_volume_quarters};
use super::super::failure::Failure;
use super::super::sums::total;
use super::super::{Store, StoreError, StoredTime, stored};
use super::reason_name;
use quarry_domain::{FinalReason, Timestamp};

/// Searches that are broken off, not finished: their text may be half of what was meant.
const BROKEN_OFF: [FinalReason; 2] = [FinalReason::Limit, FinalReason::Shutdown];
/// Queries whose sessions one statement looks for: SQLite joins at most 500 selections.
const STATEMENT_QUERIES: usize = 64;
/// The latest searches of a query in which its sessions are looked for: so many times the
/// sessions that are needed, within these bounds.
const SAMPLE_FACTOR: u64 = 4;
const SAMPLE: (u64, u64) = (16, 1_024);
/// Queries that are looked at, for each that is wanted: the rest has too few sessions.
const CANDIDATES: u64 = 2;

/// A query that enough sessions have finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopularSearch {
    /// Its latest spelling, of those that were finished.
    pub query: String,
    /// What its spellings are compared by.
    pub query_key: String,
    /// How many searches, those that were broken off among them.
    pub searches: i64,
}

/// How the log stands since an hour: two that are equal mean that the popular searches of that
/// time are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchLogMark {
    /// Those that got too old are counted on.
    searches: i64,
    /// The oldest ones go first: this tells that some went.
    earliest: Option<StoredTime>,
    latest: Option<StoredTime>,
    erasures: ErasureMark,
}

impl SearchLogMark {
    /// Which erasures have begun.
    pub fn erasures(&self) -> ErasureMark {
        self.erasures
    }
}

/// Which erasures have begun: two that are equal mean that nobody was erased in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasureMark {
    count: i64,
    latest: Option<StoredTime>,
}

#[derive(FromQueryResult)]
struct Candidate {
    query_key: String,
    total: i64,
}

#[derive(FromQueryResult)]
struct Sampled {
    query_key: String,
    query: String,
    session_id: String,
    last_keystroke_at: StoredTime,
}

impl Store {
    /// The queries that at least `min_sessions` sessions have finished since the beginning of an
    /// hour, most searched first, ties by key. For a background job: it adds up every hour since.
    ///
    /// Sessions are looked for among a query's latest searches; only a query of few sessions that
    /// search for it again and again has all of its searches counted.
    #[boxed]
    pub async fn popular_searches(
        &self,
        since: Timestamp,
        min_sessions: u32,
        limit: u64,
    ) -> Result<Vec<PopularSearch>, StoreError> {
        let since = beginning_of_hour(since);
        let candidates = candidates(self.backend(), since, min_sessions, limit.saturating_mul(CANDIDATES));
        let candidates: Vec<Candidate> = self
            .read(
                |database| async move { Ok(Candidate::find_by_statement(candidates).all(&database).await?) },
            )
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

    /// How the log stands since the beginning of an hour, by a few small queries.
    #[boxed]
    pub async fn search_log_mark(&self, since: Timestamp) -> Result<SearchLogMark, StoreError> {
        let since = beginning_of_hour(since);
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
            let erasures = erasures(&database).await?;
            let searches = volume.flatten().unwrap_or(0);
            Ok(SearchLogMark { searches, earliest, latest, erasures })
        })
        .await
    }

    /// Which erasures have begun, by one small query.
    #[boxed]
    pub async fn erasure_mark(&self) -> Result<ErasureMark, StoreError> {
        self.read(|database| async move { erasures(&database).await }).await
    }
}

async fn erasures(database: &DatabaseConnection) -> Result<ErasureMark, Failure> {
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

fn beginning_of_hour(at: Timestamp) -> StoredTime {
    stored(at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at))
}

/// The queries of the most searches: no fewer than sessions that are needed.
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

/// Of some queries, those that enough sessions have finished, with their latest spelling.
async fn spellings(
    database: &DatabaseConnection,
    keys: &[String],
    since: StoredTime,
    min_sessions: u32,
) -> Result<HashMap<String, String>, Failure> {
    let needed = usize::try_from(min_sessions).unwrap_or(usize::MAX);
    let sample = u64::from(min_sessions).saturating_mul(SAMPLE_FACTOR).clamp(SAMPLE.0, SAMPLE.1);
    let statement = database.get_database_backend().build(&latest_of_each(keys, since, sample));
    #[derive(Default)]
    struct Seen {
        sessions: HashSet<String>,
        searches: u64,
        latest: Option<(StoredTime, String)>,
    }
    let mut seen: HashMap<String, Seen> = HashMap::new();
    for row in Sampled::find_by_statement(statement).all(database).await? {
        let of = seen.entry(row.query_key).or_default();
        of.sessions.insert(row.session_id);
        of.searches += 1;
        if of.latest.as_ref().is_none_or(|(at, _)| *at < row.last_keystroke_at) {
            of.latest = Some((row.last_keystroke_at, row.query));
        }
    }
    let undecided: Vec<&str> = seen
        .iter()
        .filter(|(_, of)| of.sessions.len() < needed && of.searches >= sample)
        .map(|(key, _)| key.as_str())
        .collect();
    let counted = if undecided.is_empty() {
        HashMap::new()
    } else {
        let counted: Vec<(String, i64)> = sessions_of(&undecided, since).into_tuple().all(database).await?;
        counted.into_iter().collect()
    };
    let is_popular = |key: &str, of: &Seen| {
        of.sessions.len() >= needed
            || counted.get(key).is_some_and(|&sessions| sessions >= i64::from(min_sessions))
    };
    seen.retain(|key, of| is_popular(key, of));
    Ok(seen.into_iter().filter_map(|(key, of)| Some((key, of.latest?.1))).collect())
}

/// The latest finished searches of each query.
fn latest_of_each(keys: &[String], since: StoredTime, each: u64) -> SelectStatement {
    use search_logs::{Column, Entity};
    let columns = [Column::QueryKey, Column::Query, Column::SessionId, Column::LastKeystrokeAt];
    let of = |key: &String| {
        let latest = Query::select()
            .columns(columns)
            .from(Entity)
            .cond_where(finished(since).add(Column::QueryKey.eq(key)))
            .order_by(Column::LastKeystrokeAt, Order::Desc)
            .order_by(Column::Id, Order::Desc)
            .limit(each)
            .take();
        // Within another selection, since a limit of its own is not every database's.
        Query::select().columns(columns).from_subquery(latest, Alias::new("latest")).take()
    };
    let mut selections = keys.iter().map(of);
    let mut all = selections.next().unwrap_or_default();
    for selection in selections {
        all.union(UnionType::All, selection);
    }
    all
}

fn sessions_of(keys: &[&str], since: StoredTime) -> Select<search_logs::Entity> {
    use search_logs::{Column, Entity};
    Entity::find()
        .select_only()
        .column(Column::QueryKey)
        .column_as(Expr::col(Column::SessionId).count_distinct(), "sessions")
        .filter(finished(since))
        .filter(Column::QueryKey.is_in(keys.iter().copied()))
        .group_by(Column::QueryKey)
}

fn finished(since: StoredTime) -> Condition {
    use search_logs::Column;
    Condition::all()
        .add(Column::LastKeystrokeAt.gte(since))
        .add(Column::Reason.is_not_in(BROKEN_OFF.map(reason_name)))
}
