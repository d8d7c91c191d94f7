//! Reports while Redis or the database is away, and when everybody asks at once.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;
use quarry::cache::{CacheLimits, RedisCache};
use quarry::report::{CacheStatus, ReportError, ReportPeriod, ReportResponse, Reports, SearchedQuery};
use quarry::store::{Store, StoreError};

use super::fixture::{Pending, TTL, search_now};
use crate::support::databases::on_postgres;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::support::wait::{PATIENCE, until};

/// A server with time for a machine that is busy.
fn server(store: &Store, redis: &OwnRedis, pending: Arc<Pending>, ttl: Duration) -> Reports {
    let cache = RedisCache::with_timeout(&redis.url(), "quarry", CacheLimits::default(), PATIENCE);
    Reports::new(store.clone(), Arc::new(cache.unwrap()), pending, ttl)
}

type Answer = Result<ReportResponse<Vec<SearchedQuery>>, ReportError>;

async fn ask(reports: &Reports, first: u64) -> Answer {
    reports.top_searches(ReportPeriod::default(), first, false).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_and_the_database_go_and_come_back() {
    let (postgres, mut redis) = (OwnPostgres::start(), OwnRedis::start());
    let store = Store::connect(&postgres.url(), 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    for _ in 0..3 {
        search_now(&store, "s", "tea", 1).await;
    }
    let ttl = Duration::from_millis(500);
    let reports = server(&store, &redis, Pending::nothing(), ttl);
    let first = ask(&reports, 10).await.unwrap();
    assert_eq!((first.value[0].search.searches, first.cache_status), (3, CacheStatus::Miss));

    postgres.cut_off();
    // Until its time is up, it is as good as ever.
    let stale = until("a report from before", async || {
        let answer = ask(&reports, 10).await.unwrap();
        assert!(matches!(answer.cache_status, CacheStatus::Hit | CacheStatus::Stale), "{answer:?}");
        (answer.cache_status == CacheStatus::Stale).then_some(answer)
    })
    .await;
    assert_eq!(
        stale,
        ReportResponse { cache_status: CacheStatus::Stale, ..first.clone() },
        "with its own times"
    );
    let never = ask(&reports, 9).await.unwrap_err();
    assert!(matches!(&never, ReportError::Store(error) if matches!(**error, StoreError::Unavailable(_))));
    // Another server has none of it in mind, but finds it in Redis.
    let other = server(&store, &redis, Pending::nothing(), ttl);
    assert_eq!(ask(&other, 10).await.unwrap().value, first.value);

    redis.kill();
    let stale = ask(&reports, 10).await.unwrap();
    assert_eq!(
        (&stale.value, stale.cache_status, stale.warning.is_some()),
        (&first.value, CacheStatus::Stale, true)
    );

    postgres.resume();
    let computed = until("the database", async || {
        let answer = ask(&reports, 10).await.unwrap();
        (answer.cache_status == CacheStatus::Bypass).then_some(answer)
    })
    .await;
    assert_eq!((&computed.value, computed.warning.is_some()), (&first.value, true));
    assert!(computed.generated_at > first.generated_at);

    redis.resume();
    until("the cache", async || {
        let answer = ask(&reports, 10).await.unwrap();
        (answer.cache_status == CacheStatus::Hit && answer.warning.is_none()).then_some(())
    })
    .await;
}

/// A thousand callers on two servers, when the time of a report is up: it is computed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stampede_is_one_computation() {
    on_postgres(async |database| {
        let (store, redis, pending) = (database.store().await, OwnRedis::start(), Pending::nothing());
        let server = |ttl| server(&store, &redis, pending.clone(), ttl);
        // What a server with a short time keeps is out of date at once; what those that are asked
        // compute is not, however long the calls take.
        let ttl = Duration::from_millis(1);
        search_now(&store, "s", "tea", 1).await;
        let first = ask(&server(ttl), 10).await.unwrap();
        assert_eq!((first.cache_status, pending.asked()), (CacheStatus::Miss, 1));
        let servers = [1, 2].map(|_| server(TTL));
        let time_is_up = first.generated_at + ttl;
        until("the end of its time", async || (Utc::now() > time_is_up).then_some(())).await;
        let calls = (0..1_000).map(|number| {
            let reports = servers[number % 2].clone();
            tokio::spawn(async move { ask(&reports, 10).await.unwrap() })
        });
        let answers: Vec<_> =
            join_all(calls.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(pending.asked(), 2, "one computation");
        assert!(answers.iter().all(|answer| answer.generated_at == answers[0].generated_at));
        assert!(answers[0].generated_at > first.generated_at);
        let misses = answers.iter().filter(|answer| answer.cache_status == CacheStatus::Miss).count();
        let hits = answers.iter().filter(|answer| answer.cache_status == CacheStatus::Hit).count();
        assert_eq!((misses, hits), (1, 999));
        assert!(answers.iter().all(|answer| answer.warning.is_none()));
    })
    .await;
}

/// Without Redis, each server computes for itself, once for all that ask at once. On one thread, those
/// who were called at once ask before any answer of the database can be read, however slow it all is.
#[tokio::test]
async fn a_stampede_without_redis_is_answered() {
    on_postgres(async |database| {
        let (store, redis, pending) = (database.store().await, OwnRedis::unstarted(), Pending::nothing());
        let reports = server(&store, &redis, pending.clone(), TTL);
        search_now(&store, "s", "tea", 1).await;
        let calls = (0..300).map(|_| {
            let reports = reports.clone();
            tokio::spawn(async move { ask(&reports, 10).await.unwrap() })
        });
        for answer in join_all(calls.collect::<Vec<_>>()).await {
            let answer = answer.unwrap();
            assert_eq!((answer.value[0].search.searches, answer.warning.is_some()), (1, true));
            assert!(matches!(answer.cache_status, CacheStatus::Bypass | CacheStatus::Hit));
        }
        assert!(pending.asked() < 150, "{} computations", pending.asked());
    })
    .await;
}
