//! Reports are exact sums of rows, regardless of the state of roll-ups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use quarry::domain::{
    FoundTier, LoggedSearch, MatchTier, Period, Searcher, TopSearch, VolumeBucket, ZeroResultSearch,
};
use quarry::store::{NewSearch, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::at;
use super::{everything, key, raw, remove_before, rows, search, session};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    reports_are_the_sums_of_rows,
    variants_are_one_row_with_the_spelling_of_most_sessions,
    searches_from_before_the_table_of_days_are_rolled_up,
    all_reports_exclude_deleted_rows,
    erased_searches_leave_no_trace,
    servers_roll_up_while_others_flush,
    many_sessions_are_estimated,
);

/// A time at which all days of these tests are complete and without changes.
fn later() -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(2)
}

pub(super) async fn roll_up_all(store: &Store) -> usize {
    let mut days = 0;
    while store.roll_up_searches(later()).await.unwrap() {
        days += 1;
    }
    days
}

async fn rolled_days(database: &TestDatabase) -> i64 {
    let connection = raw(database).await;
    let sql = "SELECT COUNT(*) AS days FROM search_days WHERE rolled";
    let days = rows(&connection, sql).await[0].try_get("", "days").unwrap();
    connection.close().await.unwrap();
    days
}

/// The counts of a query, by brute force.
#[derive(Default)]
struct BruteForceCounts<'a> {
    searches: i64,
    zero_results: i64,
    relaxed: i64,
    counts: Vec<i64>,
    /// The spellings of each session, with the number of their uses and the latest time.
    sessions: BTreeMap<&'a str, BTreeMap<&'a str, (usize, DateTime<Utc>)>>,
}

fn add_up<'a>(log: &'a [LoggedSearch], period: Period) -> BTreeMap<String, BruteForceCounts<'a>> {
    let mut queries: BTreeMap<String, BruteForceCounts> = BTreeMap::new();
    for search in log.iter().filter(|search| is_in(search.last_keystroke_at, period)) {
        let of = queries.entry(key(&search.query)).or_default();
        of.searches += 1;
        of.zero_results += i64::from(search.result_count == Some(0));
        let is_relaxed = search.tier.is_some_and(|tier| tier.relaxed);
        of.relaxed += i64::from(is_relaxed && search.result_count != Some(0));
        of.counts.extend(search.result_count);
        let spellings = of.sessions.entry(search.session.as_str()).or_default();
        let uses = spellings.entry(&search.query).or_insert((0, search.last_keystroke_at));
        *uses = (uses.0 + 1, uses.1.max(search.last_keystroke_at));
    }
    queries
}

impl BruteForceCounts<'_> {
    /// The spelling of most sessions, and the time of the latest search.
    fn spelling(&self) -> (String, DateTime<Utc>) {
        let mut votes: BTreeMap<&str, (usize, DateTime<Utc>)> = BTreeMap::new();
        let latest_of =
            |spellings: &BTreeMap<&str, (usize, DateTime<Utc>)>| spellings.values().map(|(_, at)| *at).max();
        for spellings in self.sessions.values() {
            let (query, _) = spellings.iter().max_by_key(|(query, (uses, _))| (*uses, **query)).unwrap();
            let at = latest_of(spellings).unwrap();
            let of = votes.entry(query).or_insert((0, at));
            *of = (of.0 + 1, of.1.max(at));
        }
        let latest = self.sessions.values().filter_map(latest_of).max().unwrap();
        (votes.into_iter().max_by_key(|(query, votes)| (*votes, *query)).unwrap().0.to_owned(), latest)
    }
}

fn is_in(at: DateTime<Utc>, period: Period) -> bool {
    at >= period.from && period.before.is_none_or(|before| at < before)
}

pub(super) fn top_of(log: &[LoggedSearch], period: Period, first: usize) -> Vec<TopSearch> {
    let mut all: Vec<TopSearch> = add_up(log, period)
        .into_iter()
        .map(|(query_key, of)| TopSearch {
            query: of.spelling().0,
            query_key,
            searches: of.searches,
            sessions: of.sessions.len() as i64,
            average_results: (!of.counts.is_empty())
                .then(|| of.counts.iter().sum::<i64>() as f64 / of.counts.len() as f64),
        })
        .collect();
    all.sort_by(|a, b| b.searches.cmp(&a.searches).then_with(|| a.query_key.cmp(&b.query_key)));
    all.truncate(first);
    all
}

pub(super) fn zero_results_of(
    log: &[LoggedSearch],
    period: Period,
    with_relaxed: bool,
    first: usize,
) -> Vec<ZeroResultSearch> {
    let mut all: Vec<ZeroResultSearch> = add_up(log, period)
        .into_iter()
        .map(|(key, of)| (key, if with_relaxed { of.relaxed } else { 0 }, of))
        .filter(|(_, relaxed, of)| of.zero_results + relaxed > 0)
        .map(|(query_key, relaxed, of)| ZeroResultSearch {
            query: of.spelling().0,
            query_key,
            searches: of.zero_results + relaxed,
            relaxed,
            sessions: of.sessions.len() as i64,
            last_searched_at: of.spelling().1,
        })
        .collect();
    all.sort_by(|a, b| b.searches.cmp(&a.searches).then_with(|| a.query_key.cmp(&b.query_key)));
    all.truncate(first);
    all
}

pub(super) fn volume_of(log: &[LoggedSearch], bounds: &[DateTime<Utc>]) -> Vec<VolumeBucket> {
    bounds
        .windows(2)
        .map(|pair| {
            let period = Period { from: pair[0], before: Some(pair[1]) };
            let inside = log.iter().filter(|search| is_in(search.last_keystroke_at, period));
            let sessions: BTreeSet<&str> = inside.clone().map(|search| search.session.as_str()).collect();
            VolumeBucket {
                start: pair[0],
                searches: inside.clone().count() as i64,
                sessions: sessions.len() as i64,
                zero_results: inside.filter(|search| search.result_count == Some(0)).count() as i64,
            }
        })
        .collect()
}

/// Compares reports of random periods with the rows.
pub(super) async fn assert_reports(store: &Store, random: &mut StdRng) {
    let log = everything(store).await;
    let first_day = at("2026-11-10T00:00:00Z");
    let moment = |random: &mut StdRng| {
        let day = first_day + TimeDelta::days(random.random_range(0..8));
        match random.random_range(0..4) {
            0 => day,
            1 => day + TimeDelta::hours(random.random_range(0..24)),
            2 => day + TimeDelta::minutes(15 * random.random_range(0..96)),
            _ => day + TimeDelta::microseconds(random.random_range(0..86_400_000_000)),
        }
    };
    for round in 0..12 {
        let period = match round {
            0 => Period { from: first_day - TimeDelta::days(30), before: None },
            1 => Period { from: first_day, before: Some(first_day + TimeDelta::days(7)) },
            _ => {
                let before = random.random_bool(0.7).then(|| moment(random));
                Period { from: moment(random), before }
            }
        };
        for first in [1, 3, 100] {
            let top = store.top_searches(period, &[], 0, first).await.unwrap();
            assert_eq!(top, top_of(&log, period, first as usize), "{period:?}");
            for relaxed in [false, true] {
                let found = store.zero_result_searches(period, &[], relaxed, 0, first).await.unwrap();
                assert_eq!(found, zero_results_of(&log, period, relaxed, first as usize), "{period:?}");
            }
        }
        let mut bounds: Vec<DateTime<Utc>> = (0..5).map(|_| moment(random)).collect();
        bounds.sort_unstable();
        assert_eq!(store.search_volume(&bounds, &[]).await.unwrap(), volume_of(&log, &bounds), "{bounds:?}");
    }
}

/// Searches of a week: many of a few queries, few of many.
pub(super) fn random_searches(random: &mut StdRng, first: u128, count: u128) -> Vec<NewSearch> {
    let at = at("2026-11-10T00:00:00Z");
    (first..first + count)
        .map(|number| {
            let query = (60.0 * random.random::<f64>().powi(3)) as u32;
            let query = match random.random_range(0..3) {
                0 => format!("Query {query}"),
                1 => format!("query {query}"),
                _ => format!("QUERY  {query}"),
            };
            let of = format!("session {}", random.random_range(0..40));
            let mut search = search(number, &of, &query, 0);
            search.last_keystroke_at = match random.random_range(0..10) {
                // The first moment of a day.
                0 => at + TimeDelta::days(random.random_range(0..8)),
                _ => at + TimeDelta::microseconds(random.random_range(0..7 * 86_400_000_000)),
            };
            let last = [MatchTier::AllWords, MatchTier::Typos, MatchTier::AnyWord][random.random_range(0..3)];
            search.tier =
                random.random_bool(0.7).then(|| FoundTier { last, relaxed: random.random_bool(0.3) });
            search.result_count = random.random_bool(0.8).then(|| random.random_range(0..6));
            search
        })
        .collect()
}

async fn reports_are_the_sums_of_rows(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut random = StdRng::seed_from_u64(4);
    assert_reports(&store, &mut random).await;
    for round in 0..3 {
        // Some are late: their days are already rolled up.
        store.log_searches(&random_searches(&mut random, round * 1_000, 400)).await.unwrap();
        assert_reports(&store, &mut random).await;
        let change = random.random_range(0..3);
        if change == 0 {
            let gone = session(&format!("session {}", random.random_range(0..40)));
            store.erase_searches(&Searcher::Session(gone), later()).await.unwrap();
        }
        if change != 1 {
            for _ in 0..random.random_range(1..60) {
                store.roll_up_searches(later()).await.unwrap();
            }
        } else {
            assert_ne!(roll_up_all(&store).await, 0);
            assert!(!store.roll_up_searches(later()).await.unwrap());
        }
        assert_reports(&store, &mut random).await;
    }
}

async fn variants_are_one_row_with_the_spelling_of_most_sessions(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let spelled = [
        (1, "a", "Red Shoes", 10),
        (2, "b", "red  shoes", 90_000),
        (3, "c", "REDSHOES", 50_000),
        (4, "d", "blue", 1),
    ];
    let searches = spelled.map(|(number, of, query, second)| search(number, of, query, second));
    store.log_searches(&searches).await.unwrap();
    // Two sessions are more than one that searches more often, and later.
    let therapist = (10..12).map(|n| search(n, &format!("s{n}"), "therapist", -200_000));
    let rude = (20..40).map(|n| search(n, "rude", "the rapist", -190_000 + n as i64));
    store.log_searches(&therapist.chain(rude).collect::<Vec<_>>()).await.unwrap();
    let before = Period { from: at("2026-11-01T00:00:00Z"), before: Some(at("2026-11-20T00:00:00Z")) };
    let top = store.top_searches(before, &[], 0, 10).await.unwrap();
    assert_eq!((top[0].query.as_str(), top[0].searches, top[0].sessions), ("therapist", 22, 3));
    for rolled in [false, true] {
        if rolled {
            assert_ne!(roll_up_all(&store).await, 0);
            assert_eq!(rolled_days(&database).await, 3);
        }
        let top = async |from: &str, before: &str| {
            let period = Period { from: at(from), before: Some(at(before)) };
            let top = store.top_searches(period, &[], 0, 10).await.unwrap();
            top.into_iter().map(|row| (row.query, row.searches, row.sessions)).collect::<Vec<_>>()
        };
        let red = |query: &str, searches| (query.to_owned(), searches, searches);
        assert_eq!(
            top("2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z").await,
            [red("red  shoes", 3), red("blue", 1)]
        );
        // One session each: the latest in the period, not of all.
        assert_eq!(
            top("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z").await,
            [red("REDSHOES", 2), red("blue", 1)]
        );
        assert_eq!(top("2026-11-20T10:00:10Z", "2026-11-20T23:53:20.000001Z").await, [red("REDSHOES", 2)]);
        assert_eq!(top("2026-11-20T10:00:10.000001Z", "2026-11-20T23:53:20Z").await, []);
    }
}

async fn searches_from_before_the_table_of_days_are_rolled_up(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let status = store.migration_status().await.unwrap();
    let at = status.iter().position(|migration| migration.name.ends_with("search_reports")).unwrap();
    let mut random = StdRng::seed_from_u64(1);
    store.log_searches(&random_searches(&mut random, 0, 300)).await.unwrap();
    let steps = (status.len() - at) as u32;
    store.migrate_down(steps).await.unwrap();
    store.migrate_up(None).await.unwrap();
    assert_reports(&store, &mut random).await;
    // Eight days, because some searches are from the start of the last one.
    let days = everything(&store)
        .await
        .iter()
        .map(|search| search.last_keystroke_at.date_naive())
        .collect::<BTreeSet<_>>();
    roll_up_all(&store).await;
    assert_eq!(rolled_days(&database).await as usize, days.len());
    assert_reports(&store, &mut random).await;
}

async fn all_reports_exclude_deleted_rows(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut random = StdRng::seed_from_u64(2);
    store.log_searches(&random_searches(&mut random, 0, 500)).await.unwrap();
    roll_up_all(&store).await;
    let keep_from = at("2026-11-13T10:20:00Z");
    assert_ne!(remove_before(&store, keep_from, 10_000).await, 0);
    for _ in 0..2 {
        let left = everything(&store).await;
        let all = Period { from: at("2026-11-01T00:00:00Z"), before: None };
        assert_eq!(store.top_searches(all, &[], 0, 100).await.unwrap(), top_of(&left, all, 100));
        assert_eq!(
            store.zero_result_searches(all, &[], true, 0, 100).await.unwrap(),
            zero_results_of(&left, all, true, 100)
        );
        let bounds = [at("2026-11-10T00:00:00Z"), at("2026-11-13T10:15:00Z"), at("2026-11-20T00:00:00Z")];
        assert_eq!(store.search_volume(&bounds, &[]).await.unwrap(), volume_of(&left, &bounds));
        roll_up_all(&store).await;
    }
}

async fn erased_searches_leave_no_trace(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let searches =
        [search(1, "gone", "my own name", 1), search(2, "gone", "bus", 2), search(3, "s", "bus", 3)];
    store.log_searches(&searches).await.unwrap();
    roll_up_all(&store).await;
    let connection = raw(&database).await;
    let kept = async || {
        let days = rows(&connection, "SELECT query_key FROM search_query_days ORDER BY query_key").await;
        days.iter().map(|row| row.try_get("", "query_key").unwrap()).collect::<Vec<String>>()
    };
    assert_eq!(kept().await, ["bus", "myownname"]);
    store.erase_searches(&Searcher::Session(session("gone")), later()).await.unwrap();
    assert_eq!(kept().await, [""; 0]);
    roll_up_all(&store).await;
    assert_eq!(kept().await, ["bus"]);
    // A day without searches is deleted.
    store.erase_searches(&Searcher::Session(session("s")), later()).await.unwrap();
    assert_ne!(roll_up_all(&store).await, 0);
    assert!(kept().await.is_empty() && rows(&connection, "SELECT day FROM search_days").await.is_empty());
    assert_eq!(roll_up_all(&store).await, 0);
    connection.close().await.unwrap();
}

async fn servers_roll_up_while_others_flush(database: Arc<TestDatabase>) {
    const FLUSHES: u128 = 12;
    const SEARCHES: u128 = 25;
    let store = database.store().await;
    let mut servers = tokio::task::JoinSet::new();
    for server in 0..3_u128 {
        let store = database.connect().await;
        servers.spawn(async move {
            let mut random = StdRng::seed_from_u64(server as u64);
            for flush in 0..FLUSHES {
                let first = (server * FLUSHES + flush) * SEARCHES;
                store.log_searches(&random_searches(&mut random, first, SEARCHES)).await.unwrap();
            }
        });
    }
    for _ in 0..2 {
        let store = database.connect().await;
        servers.spawn(async move {
            for _ in 0..40 {
                store.roll_up_searches(later()).await.unwrap();
            }
        });
    }
    // Reports always include whole flushes.
    let all = Period { from: at("2026-11-01T00:00:00Z"), before: None };
    while !servers.is_empty() {
        let top = store.top_searches(all, &[], 0, 1_000).await.unwrap();
        let searches: i64 = top.iter().map(|row| row.searches).sum();
        assert_eq!(searches % SEARCHES as i64, 0);
        while let Some(ended) = servers.try_join_next() {
            ended.unwrap();
        }
    }
    assert_reports(&store, &mut StdRng::seed_from_u64(9)).await;
    roll_up_all(&store).await;
    assert_reports(&store, &mut StdRng::seed_from_u64(9)).await;
}

/// Counts stay exact, and sketches exclude erased sessions.
async fn many_sessions_are_estimated(database: Arc<TestDatabase>) {
    const SEARCHES: u128 = 4_000;
    let store = database.store().await;
    let first = at("2026-11-10T00:00:00Z");
    // Every other session has two searches, days apart.
    let searches: Vec<NewSearch> = (0..SEARCHES)
        .map(|number| {
            let of = format!("session {}", (number * 7) % 3_000);
            let mut search = search(number, &of, ["Bus", "bus", "train"][number as usize % 3], 0);
            search.last_keystroke_at = first + TimeDelta::seconds((number * 3 * 86_400 / SEARCHES) as i64);
            search
        })
        .collect();
    for searches in searches.chunks(1_000) {
        store.log_searches(searches).await.unwrap();
    }
    let period = Period { from: first + TimeDelta::seconds(1_234), before: None };
    let bounds = [0, 20, 40, 72].map(|hours| first + TimeDelta::hours(hours) + TimeDelta::minutes(7));
    let assert_near = |estimate: i64, exact: i64| {
        assert!((estimate - exact).abs() as f64 <= 0.1 * exact as f64, "{estimate} for {exact}");
    };
    let check = async || {
        let log = everything(&store).await;
        let (found, exact) = (store.top_searches(period, &[], 0, 9).await.unwrap(), top_of(&log, period, 9));
        assert!(exact.iter().all(|row| row.searches > 1_000 && row.sessions > 800));
        for (found, exact) in found.iter().zip(&exact) {
            assert_near(found.sessions, exact.sessions);
            // All other columns are exact.
            assert_eq!(TopSearch { sessions: exact.sessions, ..found.clone() }, *exact);
        }
        assert_eq!(found.len(), exact.len());
        let (found, exact) = (store.search_volume(&bounds, &[]).await.unwrap(), volume_of(&log, &bounds));
        for (found, exact) in found.into_iter().zip(exact) {
            assert_near(found.sessions, exact.sessions);
            assert_eq!(VolumeBucket { sessions: exact.sessions, ..found }, exact);
        }
    };
    // From the rows alone.
    check().await;
    assert_ne!(roll_up_all(&store).await, 0);
    check().await;
    // Sketches exclude erased sessions.
    for number in 0..300 {
        let gone = Searcher::Session(session(&format!("session {number}")));
        assert_ne!(store.erase_searches(&gone, later()).await.unwrap(), 0);
    }
    check().await;
    assert_ne!(roll_up_all(&store).await, 0);
    check().await;
    let connection = raw(&database).await;
    for table in ["search_query_days", "search_query_hours", "search_volume_quarters"] {
        let sketches = format!("SELECT COUNT(*) AS sketches FROM {table} WHERE sessions IS NOT NULL");
        let sketches: i64 = rows(&connection, &sketches).await[0].try_get("", "sketches").unwrap();
        assert!(sketches > 0, "{table}");
    }
    connection.close().await.unwrap();
}
