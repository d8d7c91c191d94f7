//! Cache-aside while the cache, the store or both are unavailable.

use quarry::cache::CacheStatus::{Bypass, Hit, Miss, Stale};
use quarry::cache::{CacheError, CacheLimits, RedisCache};
use std::sync::Arc;
use tokio::sync::Semaphore;

use super::caches::{TestCache, on_each_cache};
use super::server::{CachingServer, ComputeError, at, check};
use crate::support::redis::OwnRedis;
use crate::support::wait::{TEST_TIMEOUT, ends, until};

on_each_cache!(
    stale_values_replace_transient_errors,
    permanent_errors_are_returned,
    local_clears_cover_the_fallback,
);

async fn stale_values_replace_transient_errors(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let (server, other) = (CachingServer::new("a", cache.cache()), CachingServer::new("b", cache.other()));
    let get_failing = async |server: &CachingServer, seconds| {
        server.get_failing("q", at(seconds), ComputeError::Away).await
    };
    assert_eq!(get_failing(&server, 0).await, Err(ComputeError::Away));
    check(&server.get("q", at(0)).await, "a 2", Miss);
    check(&get_failing(&server, 1).await.unwrap(), "a 2", Hit);
    for server in [&server, &other] {
        let stale = get_failing(server, 20_000).await.unwrap();
        check(&stale, "a 2", Stale);
        assert_eq!(stale.warning, None);
        let refreshed = server.get_with("q", at(1), true, async { Err(ComputeError::Away) }).await;
        check(&refreshed.unwrap(), "a 2", Stale);
    }
    check(&server.get("q", at(20_001)).await, "a 5", Miss);
    check(&get_failing(&other, 20_002).await.unwrap(), "a 5", Hit);
}

async fn permanent_errors_are_returned(open: impl Fn(CacheLimits) -> TestCache) {
    let server = CachingServer::new("a", open(CacheLimits::default()).cache());
    server.get("q", at(0)).await;
    assert_eq!(server.get_failing("q", at(300), ComputeError::Defect).await, Err(ComputeError::Defect));
    // Errors must not be cached.
    check(&server.get("q", at(300)).await, "a 3", Miss);
}

async fn local_clears_cover_the_fallback(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = CachingServer::new("a", cache.cache());
    check(&server.get("q", at(0)).await, "a 1", Miss);
    let gate = Arc::new(Semaphore::new(0));
    let old = server.spawn_gated("another", at(0), &gate);
    until("its computation", async || (server.computed() == 2).then_some(())).await;
    server.client.clear_local().await.unwrap();
    gate.add_permits(1);
    check(&old.await.unwrap(), "a 2", Bypass);
    let get_failing = async |key| server.get_failing(key, at(1), ComputeError::Away).await;
    assert_eq!(get_failing("another").await, Err(ComputeError::Away), "its flight began before the clear");
    // A shared cache is cleared by the server that invalidates it.
    let kept = get_failing("q").await.map(|response| response.status);
    assert_eq!(kept, if cache.is_shared() { Ok(Hit) } else { Err(ComputeError::Away) });
}

/// Creates a server with a long Redis timeout, since the machine may be busy.
fn on(redis: &OwnRedis, name: &'static str) -> CachingServer {
    let cache = RedisCache::with_timeout(&redis.url(), "quarry", CacheLimits::default(), TEST_TIMEOUT);
    CachingServer::new(name, Arc::new(cache.unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_values_are_computed_with_a_warning() {
    let mut redis = OwnRedis::unstarted();
    let server = on(&redis, "a");
    for value in ["a 1", "a 2"] {
        let response = server.get("q", at(0)).await;
        check(&response, value, Bypass);
        assert!(matches!(response.warning, Some(CacheError::Unavailable(_))), "{response:?}");
    }
    redis.resume();
    let response = until("the cache", async || {
        let response = server.get("q", at(0)).await;
        response.warning.is_none().then_some(response)
    })
    .await;
    assert_eq!(response.status, Miss);
    check(&server.get("q", at(0)).await, &response.value, Hit);
    // A Redis that hangs delays a call by its timeout only.
    let cache = RedisCache::open(&redis.url(), "quarry", CacheLimits::default()).unwrap();
    let hasty = CachingServer::new("b", Arc::new(cache));
    until("its cache", async || hasty.get("q", at(0)).await.warning.is_none().then_some(())).await;
    redis.pause();
    let response = ends("a call", hasty.get("q", at(0))).await;
    assert_eq!((response.status, response.warning.is_some()), (Bypass, true));
    redis.unpause();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_and_store_the_fallback_answers() {
    let mut redis = OwnRedis::start();
    let (server, reader) = (on(&redis, "a"), on(&redis, "b"));
    check(&server.get("q", at(0)).await, "a 1", Miss);
    check(&reader.get("q", at(1)).await, "a 1", Hit);
    redis.kill();
    for server in [&server, &reader] {
        let stale = server.get_failing("q", at(20_000), ComputeError::Away).await.unwrap();
        check(&stale, "a 1", Stale);
        assert!(stale.warning.is_some());
        let never_computed = server.get_failing("another", at(20_000), ComputeError::Away).await;
        assert_eq!(never_computed, Err(ComputeError::Away));
    }
    // Values computed during the outage are in the fallback cache as well.
    check(&server.get("q", at(20_001)).await, "a 4", Bypass);
    check(&server.get_failing("q", at(20_002), ComputeError::Away).await.unwrap(), "a 4", Stale);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_clear_is_repeated_before_the_next_lookup() {
    let mut redis = OwnRedis::start();
    let (server, other) = (on(&redis, "a"), on(&redis, "b"));
    server.get("q", at(0)).await;
    other.get("q", at(0)).await;
    redis.stop();
    assert!(matches!(server.client.clear().await, Err(CacheError::Unavailable(_))));
    assert_eq!(
        server.get_failing("q", at(1), ComputeError::Away).await,
        Err(ComputeError::Away),
        "the fallback is cleared at once"
    );
    redis.resume();
    let response = until("the cache", async || {
        let response = server.get("q", at(2)).await;
        response.warning.is_none().then_some(response)
    })
    .await;
    assert_eq!(response.status, Miss, "no value from before the clear");
    check(&other.get("q", at(2)).await, &response.value, Hit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clear_by_another_server_covers_the_fallback() {
    let redis = OwnRedis::start();
    let (server, other) = (on(&redis, "a"), on(&redis, "b"));
    check(&server.get("q", at(0)).await, "a 1", Miss);
    other.client.clear().await.unwrap();
    assert_eq!(server.get_failing("q", at(1), ComputeError::Away).await, Err(ComputeError::Away));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_clear_holds_while_redis_is_away() {
    let mut redis = OwnRedis::start();
    let (server, other) = (on(&redis, "a"), on(&redis, "b"));
    check(&server.get("q", at(0)).await, "a 1", Miss);
    other.client.clear().await.unwrap();
    check(&server.get("another", at(1)).await, "a 2", Miss);
    redis.kill();
    assert_eq!(server.get_failing("q", at(2), ComputeError::Away).await, Err(ComputeError::Away));
    check(&server.get_failing("another", at(2), ComputeError::Away).await.unwrap(), "a 2", Stale);
    // A clear that this server cannot observe, but is notified of.
    server.client.clear_local().await.unwrap();
    assert_eq!(server.get_failing("another", at(2), ComputeError::Away).await, Err(ComputeError::Away));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_put_is_a_bypass() {
    let mut redis = OwnRedis::start();
    let server = on(&redis, "a");
    let gate = Arc::new(Semaphore::new(0));
    let call = server.spawn_gated("q", at(0), &gate);
    until("the computation", async || (server.computed() == 1).then_some(())).await;
    redis.kill();
    gate.add_permits(1);
    let response = call.await.unwrap();
    check(&response, "a 1", Bypass);
    assert!(matches!(response.warning, Some(CacheError::Unavailable(_))), "{response:?}");
}
