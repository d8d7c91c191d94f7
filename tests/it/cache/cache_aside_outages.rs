//! Cache-aside where something is away: the cache, the store, or both.

use quarry::cache::CacheStatus::{Bypass, Hit, Miss, Stale};
use quarry::cache::{CacheError, CacheLimits, RedisCache};
use std::sync::Arc;
use tokio::sync::Semaphore;

use super::caches::{TestCache, on_each_cache};
use super::server::{Refusal, Server, at, check, pass};
use crate::support::redis::OwnRedis;
use crate::support::wait::{PATIENCE, ends, until};

on_each_cache!(
    the_last_good_answer_stands_in,
    what_is_wrong_is_not_made_up_for,
    what_is_forgotten_here_is_not_remembered,
);

async fn the_last_good_answer_stands_in(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let (server, other) = (Server::new("a", cache.share()), Server::new("b", cache.share_other()));
    let in_vain = async |server: &Server, seconds| server.ask_in_vain("q", at(seconds), Refusal::Away).await;
    assert_eq!(in_vain(&server, 0).await, Err(Refusal::Away));
    check(&server.ask("q", at(0)).await, "a 2", Miss);
    check(&in_vain(&server, 1).await.unwrap(), "a 2", Hit);
    for server in [&server, &other] {
        let stale = in_vain(server, 20_000).await.unwrap();
        check(&stale, "a 2", Stale);
        assert_eq!(stale.warning, None);
        let refreshed = server.try_ask("q", at(1), true, async { Err(Refusal::Away) }).await;
        check(&refreshed.unwrap(), "a 2", Stale);
    }
    check(&server.ask("q", at(20_001)).await, "a 5", Miss);
    check(&in_vain(&other, 20_002).await.unwrap(), "a 5", Hit);
}

async fn what_is_wrong_is_not_made_up_for(open: impl Fn(CacheLimits) -> TestCache) {
    let server = Server::new("a", open(CacheLimits::default()).share());
    server.ask("q", at(0)).await;
    assert_eq!(server.ask_in_vain("q", at(300), Refusal::Defect).await, Err(Refusal::Defect));
    // It is not kept either.
    check(&server.ask("q", at(300)).await, "a 3", Miss);
}

async fn what_is_forgotten_here_is_not_remembered(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = Server::new("a", cache.share());
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    let gate = Arc::new(Semaphore::new(0));
    let old = tokio::spawn({
        let (server, gate) = (server.clone(), gate.clone());
        async move { server.try_ask("another", at(0), false, pass(gate)).await.unwrap() }
    });
    until("its computation", async || (server.computed() == 2).then_some(())).await;
    server.answers.clear_local().await.unwrap();
    gate.add_permits(1);
    check(&old.await.unwrap(), "a 2", Bypass);
    let in_vain = async |question| server.ask_in_vain(question, at(1), Refusal::Away).await;
    assert_eq!(in_vain("another").await, Err(Refusal::Away), "it began before");
    // What others keep as well is theirs to clear.
    let kept = in_vain("q").await.map(|response| response.status);
    assert_eq!(kept, if cache.is_shared() { Ok(Hit) } else { Err(Refusal::Away) });
}

/// A server with time for a machine that is busy.
fn on(redis: &OwnRedis, name: &'static str) -> Server {
    let cache = RedisCache::with_timeout(&redis.url(), "quarry", CacheLimits::default(), PATIENCE);
    Server::new(name, Arc::new(cache.unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_it_is_computed_with_a_warning() {
    let mut redis = OwnRedis::unstarted();
    let server = on(&redis, "a");
    for answer in ["a 1", "a 2"] {
        let response = server.ask("q", at(0)).await;
        check(&response, answer, Bypass);
        assert!(matches!(response.warning, Some(CacheError::Unavailable(_))), "{response:?}");
    }
    redis.resume();
    let response = until("the cache", async || {
        let response = server.ask("q", at(0)).await;
        response.warning.is_none().then_some(response)
    })
    .await;
    assert_eq!(response.status, Miss);
    check(&server.ask("q", at(0)).await, &response.value, Hit);
    // One that hangs is not waited for.
    let cache = RedisCache::open(&redis.url(), "quarry", CacheLimits::default()).unwrap();
    let hasty = Server::new("b", Arc::new(cache));
    until("its cache", async || hasty.ask("q", at(0)).await.warning.is_none().then_some(())).await;
    redis.pause();
    let response = ends("a question", hasty.ask("q", at(0))).await;
    assert_eq!((response.status, response.warning.is_some()), (Bypass, true));
    redis.unpause();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_and_store_the_process_remembers() {
    let mut redis = OwnRedis::start();
    let (server, reader) = (on(&redis, "a"), on(&redis, "b"));
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    check(&reader.ask("q", at(1)).await, "a 1", Hit);
    redis.kill();
    for server in [&server, &reader] {
        let stale = server.ask_in_vain("q", at(20_000), Refusal::Away).await.unwrap();
        check(&stale, "a 1", Stale);
        assert!(stale.warning.is_some());
        let never_asked = server.ask_in_vain("another", at(20_000), Refusal::Away).await;
        assert_eq!(never_asked, Err(Refusal::Away));
    }
    // What is computed meanwhile is remembered as well.
    check(&server.ask("q", at(20_001)).await, "a 4", Bypass);
    check(&server.ask_in_vain("q", at(20_002), Refusal::Away).await.unwrap(), "a 4", Stale);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clearing_that_redis_did_not_hear_of_is_made_up_for() {
    let mut redis = OwnRedis::start();
    let (server, other) = (on(&redis, "a"), on(&redis, "b"));
    server.ask("q", at(0)).await;
    other.ask("q", at(0)).await;
    redis.stop();
    assert!(matches!(server.answers.clear().await, Err(CacheError::Unavailable(_))));
    assert_eq!(server.ask_in_vain("q", at(1), Refusal::Away).await, Err(Refusal::Away), "it forgot at once");
    redis.resume();
    let response = until("the cache", async || {
        let response = server.ask("q", at(2)).await;
        response.warning.is_none().then_some(response)
    })
    .await;
    assert_eq!(response.status, Miss, "nothing from before");
    check(&other.ask("q", at(2)).await, &response.value, Hit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clearing_elsewhere_holds_for_what_is_remembered() {
    let redis = OwnRedis::start();
    let (server, other) = (on(&redis, "a"), on(&redis, "b"));
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    other.answers.clear().await.unwrap();
    assert_eq!(server.ask_in_vain("q", at(1), Refusal::Away).await, Err(Refusal::Away));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clearing_that_was_seen_holds_when_redis_is_away() {
    let mut redis = OwnRedis::start();
    let (server, other) = (on(&redis, "a"), on(&redis, "b"));
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    other.answers.clear().await.unwrap();
    check(&server.ask("another", at(1)).await, "a 2", Miss);
    redis.kill();
    assert_eq!(server.ask_in_vain("q", at(2), Refusal::Away).await, Err(Refusal::Away));
    check(&server.ask_in_vain("another", at(2), Refusal::Away).await.unwrap(), "a 2", Stale);
    // One that this server cannot have seen, but was told of.
    server.answers.clear_local().await.unwrap();
    assert_eq!(server.ask_in_vain("another", at(2), Refusal::Away).await, Err(Refusal::Away));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_did_not_take_is_not_told_as_kept() {
    let mut redis = OwnRedis::start();
    let server = on(&redis, "a");
    let gate = Arc::new(Semaphore::new(0));
    let asked = tokio::spawn({
        let (server, gate) = (server.clone(), gate.clone());
        async move { server.try_ask("q", at(0), false, pass(gate)).await.unwrap() }
    });
    until("the computation", async || (server.computed() == 1).then_some(())).await;
    redis.kill();
    gate.add_permits(1);
    let response = asked.await.unwrap();
    check(&response, "a 1", Bypass);
    assert!(matches!(response.warning, Some(CacheError::Unavailable(_))), "{response:?}");
}
