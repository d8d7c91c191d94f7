//! Cache-aside where an answer takes long, or whoever computes it is no more.

use std::sync::Arc;
use std::time::Duration;

use quarry::cache::CacheStatus::{Hit, Miss, Stale};
use quarry::cache::{CacheLimits, CacheTimeouts, LocalCache};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::caches::{TestCache, on_each_cache};
use super::server::{PATIENT, Refusal, SHORT, Server, at, check, pass};
use crate::support::wait::until;

on_each_cache!(
    the_turn_of_a_holder_that_is_no_more_ends,
    patience_with_a_holder_that_is_no_more_ends,
    without_patience_an_older_answer_will_do,
);

/// Lets a server take its turn for `q`, and ends its process.
async fn die_computing(server: &Server, seconds: i64) {
    let process = Runtime::new().unwrap();
    let (dying, before) = (server.clone(), server.computed());
    let never = Arc::new(Semaphore::new(0));
    process.spawn(async move { dying.try_ask("q", at(seconds), false, pass(never)).await });
    until("its computation", async || (server.computed() > before).then_some(())).await;
    process.shutdown_background();
}

async fn the_turn_of_a_holder_that_is_no_more_ends(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let timeouts = CacheTimeouts { lease: SHORT, ..PATIENT };
    let dying = Server::with_timeouts("dying", cache.share_other(), timeouts);
    let server = Server::new("a", cache.share());
    die_computing(&dying, 0).await;
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    check(&server.ask("q", at(1)).await, "a 1", Hit);
}

async fn patience_with_a_holder_that_is_no_more_ends(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let dying = Server::new("dying", cache.share_other());
    let server = Server::with_timeouts("a", cache.share(), CacheTimeouts { patience: SHORT, ..PATIENT });
    die_computing(&dying, 0).await;
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    check(&server.ask("q", at(1)).await, "a 1", Hit);
}

async fn without_patience_an_older_answer_will_do(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let slow = Server::new("slow", cache.share_other());
    let server = Server::with_timeouts("a", cache.share(), CacheTimeouts { patience: SHORT, ..PATIENT });
    check(&slow.ask("q", at(0)).await, "slow 1", Miss);
    let gate = Arc::new(Semaphore::new(0));
    let computing = tokio::spawn({
        let (slow, gate) = (slow.clone(), gate.clone());
        async move { slow.try_ask("q", at(300), false, pass(gate)).await.unwrap() }
    });
    until("its computation", async || (slow.computed() == 2).then_some(())).await;
    let stale = server.ask("q", at(300)).await;
    check(&stale, "slow 1", Stale);
    assert_eq!((stale.warning, server.computed()), (None, 0));
    gate.add_permits(1);
    check(&computing.await.unwrap(), "slow 2", Miss);
    check(&server.ask("q", at(301)).await, "slow 2", Hit);
}

fn alone() -> Server {
    Server::with_timeouts("a", Arc::new(LocalCache::new(CacheLimits::default())), CacheTimeouts::default())
}

#[tokio::test(start_paused = true)]
async fn an_older_answer_is_better_than_none_in_time() {
    let server = alone();
    check(&server.ask("q", at(0)).await, "a 1", Miss);
    let mut last = "a 1".to_owned();
    for refresh in [false, true] {
        let gate = Arc::new(Semaphore::new(0));
        let asked = Instant::now();
        let stale = server.try_ask("q", at(300), refresh, pass(gate.clone())).await.unwrap();
        check(&stale, &last, Stale);
        assert_eq!(stale.warning, None);
        let waited = asked.elapsed();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(10), "{waited:?}");
        // It goes on, and is kept.
        last = format!("a {}", server.computed());
        gate.add_permits(1);
        until("the answer", async || {
            let response = server.ask_in_vain("q", at(301), Refusal::Away).await.unwrap();
            (response.value == last && response.status == Hit).then_some(())
        })
        .await;
        // The next round finds that its time is up.
        assert_eq!(server.ask_in_vain("q", at(900), Refusal::Away).await.unwrap().status, Stale);
        if !refresh {
            server.answers.clear().await.unwrap();
            last = server.ask("q", at(0)).await.value;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_older_answer_the_new_one_is_waited_for() {
    let server = alone();
    let gate = Arc::new(Semaphore::new(0));
    let asked = tokio::spawn({
        let (server, gate) = (server.clone(), gate.clone());
        async move { server.try_ask("q", at(0), false, pass(gate)).await.unwrap() }
    });
    until("the computation", async || (server.computed() == 1).then_some(())).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    tokio::task::yield_now().await;
    assert!(!asked.is_finished());
    gate.add_permits(1);
    check(&asked.await.unwrap(), "a 1", Miss);
}
