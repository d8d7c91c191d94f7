//! Cache-aside with slow computations and crashed servers.

use std::sync::Arc;
use std::time::Duration;

use quarry::cache::CacheStatus::{Hit, Miss, Stale};
use quarry::cache::{CacheLimits, CacheTimeouts, LocalCache};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::caches::{TestCache, on_each_cache};
use super::server::{CachingServer, ComputeError, SHORT_TIMEOUT, UNLIMITED, at, check, wait_for_permit};
use crate::support::wait::until;

on_each_cache!(
    the_lease_of_a_crashed_holder_ends,
    waiting_for_a_crashed_holder_ends,
    a_stale_value_is_returned_after_the_lock_wait,
);

/// Timeouts of a server that soon stops waiting for the lock of another.
const SHORT_LOCK_WAIT: CacheTimeouts = CacheTimeouts { lock_wait: SHORT_TIMEOUT, ..UNLIMITED };

/// Lets a server acquire the refresh lock of `q`, and ends its process.
async fn crash_while_computing(server: &CachingServer) {
    let process = Runtime::new().unwrap();
    let (dying, before) = (server.clone(), server.computed());
    let never = Arc::new(Semaphore::new(0));
    process.spawn(async move { dying.get_with("q", at(0), false, wait_for_permit(never)).await });
    until("its computation", async || (server.computed() > before).then_some(())).await;
    process.shutdown_background();
}

async fn the_lease_of_a_crashed_holder_ends(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let timeouts = CacheTimeouts { lock_lease: SHORT_TIMEOUT, ..UNLIMITED };
    let dying = CachingServer::with_timeouts("dying", cache.other(), timeouts);
    let server = CachingServer::new("a", cache.cache());
    crash_while_computing(&dying).await;
    check(&server.get("q", at(0)).await, "a 1", Miss);
    check(&server.get("q", at(1)).await, "a 1", Hit);
}

async fn waiting_for_a_crashed_holder_ends(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let dying = CachingServer::new("dying", cache.other());
    let server = CachingServer::with_timeouts("a", cache.cache(), SHORT_LOCK_WAIT);
    crash_while_computing(&dying).await;
    check(&server.get("q", at(0)).await, "a 1", Miss);
    check(&server.get("q", at(1)).await, "a 1", Hit);
}

async fn a_stale_value_is_returned_after_the_lock_wait(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let slow = CachingServer::new("slow", cache.other());
    let server = CachingServer::with_timeouts("a", cache.cache(), SHORT_LOCK_WAIT);
    check(&slow.get("q", at(0)).await, "slow 1", Miss);
    let gate = Arc::new(Semaphore::new(0));
    let computing = slow.spawn_gated("q", at(300), &gate);
    until("its computation", async || (slow.computed() == 2).then_some(())).await;
    let stale = server.get("q", at(300)).await;
    check(&stale, "slow 1", Stale);
    assert_eq!((stale.warning, server.computed()), (None, 0));
    gate.add_permits(1);
    check(&computing.await.unwrap(), "slow 2", Miss);
    check(&server.get("q", at(301)).await, "slow 2", Hit);
}

fn local_server() -> CachingServer {
    CachingServer::with_timeouts(
        "a",
        Arc::new(LocalCache::new(CacheLimits::default())),
        CacheTimeouts::default(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_slow_computation_is_replaced_by_a_stale_value() {
    let server = local_server();
    check(&server.get("q", at(0)).await, "a 1", Miss);
    let mut last = "a 1".to_owned();
    for refresh in [false, true] {
        let gate = Arc::new(Semaphore::new(0));
        let started = Instant::now();
        let stale = server.get_with("q", at(300), refresh, wait_for_permit(gate.clone())).await.unwrap();
        check(&stale, &last, Stale);
        assert_eq!(stale.warning, None);
        let waited = started.elapsed();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(10), "{waited:?}");
        // The computation continues, and its value is stored.
        last = format!("a {}", server.computed());
        gate.add_permits(1);
        until("the value", async || {
            let response = server.get_failing("q", at(301), ComputeError::Away).await.unwrap();
            (response.value == last && response.status == Hit).then_some(())
        })
        .await;
        // The next round starts with an expired value.
        assert_eq!(server.get_failing("q", at(900), ComputeError::Away).await.unwrap().status, Stale);
        if !refresh {
            server.client.clear().await.unwrap();
            last = server.get("q", at(0)).await.value;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_stale_value_calls_wait_for_the_computation() {
    let server = local_server();
    let gate = Arc::new(Semaphore::new(0));
    let call = server.spawn_gated("q", at(0), &gate);
    until("the computation", async || (server.computed() == 1).then_some(())).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    gate.add_permits(1);
    check(&call.await.unwrap(), "a 1", Miss);
}
