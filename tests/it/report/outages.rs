//! Reports during outages of Redis and the database, and under concurrent load.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;
use quarry::cache::{CacheLimits, RedisCache};
use quarry::report::{
    CacheStatus, ReportError, ReportPeriod, ReportResponse, Reports, SearchedQuery, TopSearches,
};
use quarry::store::{Store, StoreError};

use super::fixture::{ScriptedCoverage, TTL, search_now};
use crate::support::databases::on_postgres;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::support::wait::{TEST_TIMEOUT, until};

/// Creates a server with a long Redis timeout, since the machine may be busy.
fn server(store: &Store, redis: &OwnRedis, coverage: Arc<ScriptedCoverage>, ttl: Duration) -> Reports {
    let cache = RedisCache::with_timeout(&redis.url(), "quarry", CacheLimits::default(), TEST_TIMEOUT);
    Reports::new(store.clone(), Arc::new(cache.unwrap()), coverage, ttl)
}

type TopSearchesResult = Result<ReportResponse<Vec<SearchedQuery>>, ReportError>;

async fn top_searches(reports: &Reports, first: u64) -> TopSearchesResult {
    reports
        .get(TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 0, first }, false)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_survive_outages_of_redis_and_database() {
    let (postgres, mut redis) = (OwnPostgres::start(), OwnRedis::start());
    let store = Store::connect(&postgres.url(), 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    for _ in 0..3 {
        search_now(&store, "s", "tea", 1).await;
    }
    let ttl = Duration::from_millis(500);
    let reports = server(&store, &redis, ScriptedCoverage::none_pending(), ttl);
    let first = top_searches(&reports, 10).await.unwrap();
    assert_eq!((first.value[0].search.searches, first.cache_status), (3, CacheStatus::Miss));

    postgres.cut_off();
    // The report is a hit until its TTL ends.
    let stale = until("a stale report", async || {
        let response = top_searches(&reports, 10).await.unwrap();
        assert!(matches!(response.cache_status, CacheStatus::Hit | CacheStatus::Stale), "{response:?}");
        (response.cache_status == CacheStatus::Stale).then_some(response)
    })
    .await;
    assert_eq!(
        stale,
        ReportResponse { cache_status: CacheStatus::Stale, ..first.clone() },
        "with its original times"
    );
    let never = top_searches(&reports, 9).await.unwrap_err();
    assert!(matches!(&never, ReportError::Store(error) if matches!(**error, StoreError::Unavailable(_))));
    // Another server has no fallback, but finds the report in Redis.
    let other = server(&store, &redis, ScriptedCoverage::none_pending(), ttl);
    assert_eq!(top_searches(&other, 10).await.unwrap().value, first.value);

    redis.kill();
    let stale = top_searches(&reports, 10).await.unwrap();
    assert_eq!(
        (&stale.value, stale.cache_status, stale.warning.is_some()),
        (&first.value, CacheStatus::Stale, true)
    );

    postgres.resume();
    let computed = until("the database", async || {
        let response = top_searches(&reports, 10).await.unwrap();
        (response.cache_status == CacheStatus::Bypass).then_some(response)
    })
    .await;
    assert_eq!((&computed.value, computed.warning.is_some()), (&first.value, true));
    assert!(computed.generated_at > first.generated_at);

    redis.resume();
    until("the cache", async || {
        let response = top_searches(&reports, 10).await.unwrap();
        (response.cache_status == CacheStatus::Hit && response.warning.is_none()).then_some(())
    })
    .await;
}

/// A thousand callers on two servers find a report expired: one of them computes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stampede_is_one_computation() {
    on_postgres(async |database| {
        let (store, redis, coverage) =
            (database.store().await, OwnRedis::start(), ScriptedCoverage::none_pending());
        let server = |ttl| server(&store, &redis, coverage.clone(), ttl);
        // A server with a short TTL stores a report that expires at once. The servers under test have a
        // long one, so that the refreshed report stays fresh however long the calls take.
        let ttl = Duration::from_millis(1);
        search_now(&store, "s", "tea", 1).await;
        let first = top_searches(&server(ttl), 10).await.unwrap();
        assert_eq!((first.cache_status, coverage.calls()), (CacheStatus::Miss, 1));
        let servers = [1, 2].map(|_| server(TTL));
        let expiry = first.generated_at + ttl;
        until("the end of its TTL", async || (Utc::now() > expiry).then_some(())).await;
        let calls = (0..1_000).map(|number| {
            let reports = servers[number % 2].clone();
            tokio::spawn(async move { top_searches(&reports, 10).await.unwrap() })
        });
        let responses: Vec<_> =
            join_all(calls.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(coverage.calls(), 2, "one computation");
        assert!(responses.iter().all(|response| response.generated_at == responses[0].generated_at));
        assert!(responses[0].generated_at > first.generated_at);
        let misses = responses.iter().filter(|response| response.cache_status == CacheStatus::Miss).count();
        let hits = responses.iter().filter(|response| response.cache_status == CacheStatus::Hit).count();
        assert_eq!((misses, hits), (1, 999));
        assert!(responses.iter().all(|response| response.warning.is_none()));
    })
    .await;
}

/// Without Redis, each server computes for itself, once for concurrent callers. On a single thread, all
/// callers arrive before any reply of the database is read, however slow the machine.
#[tokio::test]
async fn a_stampede_without_redis_shares_computations_per_server() {
    on_postgres(async |database| {
        let (store, redis, coverage) =
            (database.store().await, OwnRedis::unstarted(), ScriptedCoverage::none_pending());
        let reports = server(&store, &redis, coverage.clone(), TTL);
        search_now(&store, "s", "tea", 1).await;
        let calls = (0..300).map(|_| {
            let reports = reports.clone();
            tokio::spawn(async move { top_searches(&reports, 10).await.unwrap() })
        });
        for response in join_all(calls.collect::<Vec<_>>()).await {
            let response = response.unwrap();
            assert_eq!((response.value[0].search.searches, response.warning.is_some()), (1, true));
            assert!(matches!(response.cache_status, CacheStatus::Bypass | CacheStatus::Hit));
        }
        assert!(coverage.calls() < 150, "{} computations", coverage.calls());
    })
    .await;
}
