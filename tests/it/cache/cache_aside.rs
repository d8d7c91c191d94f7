//! Cache-aside without outages: hits, misses, refreshes and shared computations.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use quarry::cache::CacheStatus::{Bypass, Hit, Miss};
use quarry::cache::{CacheAside, CacheClient, CacheLimits, CacheStatus};
use tokio::sync::{Barrier, Semaphore};

use super::caches::{TestCache, on_each_cache};
use super::server::{CachingServer, ComputeError, KIND, TTL, at, check, wait_for_permit};
use crate::support::wait::until;

on_each_cache!(
    values_are_computed_once_per_ttl,
    ttls_have_jitter,
    empty_values_are_cached,
    refresh_computes_and_stores,
    refresh_does_not_join_a_running_flight,
    zero_ttl_disables_caching,
    concurrent_callers_share_one_computation,
    cancelled_callers_do_not_cancel_the_flight,
    a_panic_ends_its_flight_only,
    servers_share_one_computation,
    oversized_values_bypass_the_cache,
    values_from_before_a_clear_are_not_returned,
    damaged_entries_are_recomputed,
);

async fn values_are_computed_once_per_ttl(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = CachingServer::new("a", cache.cache());
    check(&server.get("q", at(0)).await, "a 1", Miss);
    for seconds in [0, 1, 269] {
        check(&server.get("q", at(seconds)).await, "a 1", Hit);
    }
    check(&server.get("another", at(0)).await, "a 2", Miss);
    check(&server.get("q", at(300)).await, "a 3", Miss);
    check(&server.get("q", at(301)).await, "a 3", Hit);
    // A clock that is set back by hours must not keep a value fresh for hours.
    check(&server.get("q", at(-7_200)).await, "a 4", Miss);
    let other = CachingServer::new("b", cache.other());
    check(&other.get("q", at(-7_199)).await, "a 4", Hit);
    assert_eq!((server.computed(), other.computed()), (4, 0));
}

async fn ttls_have_jitter(open: impl Fn(CacheLimits) -> TestCache) {
    let server = CachingServer::new("a", open(CacheLimits::default()).cache());
    let mut outcomes = Vec::new();
    for key in 0..100 {
        server.get(&key.to_string(), at(0)).await;
    }
    for key in 0..100 {
        outcomes.push(server.get(&key.to_string(), at(285)).await.status);
    }
    assert!(outcomes.contains(&Hit) && outcomes.contains(&Miss), "{outcomes:?}");
}

async fn empty_values_are_cached(open: impl Fn(CacheLimits) -> TestCache) {
    let client = CacheClient::new(open(CacheLimits::default()).cache(), TTL);
    let aside = CacheAside::<Vec<String>, ComputeError>::new(client, KIND);
    for outcome in [Miss, Hit, Hit] {
        let response = aside.get_or_compute("q", at(0), false, || async { Ok(Vec::new()) }).await.unwrap();
        assert_eq!((response.value, response.status), (Vec::new(), outcome));
    }
}

async fn oversized_values_bypass_the_cache(open: impl Fn(CacheLimits) -> TestCache) {
    let server =
        CachingServer::new("a", open(CacheLimits { value_bytes: 4, ..CacheLimits::default() }).cache());
    for value in ["a 1", "a 2"] {
        let response = server.get("q", at(0)).await;
        check(&response, value, Bypass);
        assert_eq!(response.warning, None);
    }
}

async fn refresh_computes_and_stores(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = CachingServer::new("a", cache.cache());
    check(&server.refresh("q", at(0)).await, "a 1", Bypass);
    check(&server.get("q", at(1)).await, "a 1", Hit);
    let response = server.refresh("q", at(100)).await;
    check(&response, "a 2", Bypass);
    assert_eq!(response.warning, None);
    check(&CachingServer::new("b", cache.other()).get("q", at(310)).await, "a 2", Hit);
}

async fn refresh_does_not_join_a_running_flight(open: impl Fn(CacheLimits) -> TestCache) {
    let server = CachingServer::new("a", open(CacheLimits::default()).cache());
    let gate = Arc::new(Semaphore::new(0));
    let slow = server.spawn_gated("q", at(0), &gate);
    until("the first computation", async || (server.computed() == 1).then_some(())).await;
    check(&server.refresh("q", at(0)).await, "a 2", Bypass);
    gate.add_permits(1);
    check(&slow.await.unwrap(), "a 1", Miss);
}

async fn zero_ttl_disables_caching(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = CachingServer::with_ttl("a", cache.cache(), Duration::ZERO);
    for value in ["a 1", "a 2"] {
        let response = server.get("q", at(0)).await;
        check(&response, value, Bypass);
        assert_eq!(response.warning, None);
    }
    assert_eq!(server.get_failing("q", at(0), ComputeError::Away).await, Err(ComputeError::Away));
    assert_eq!(cache.value(&format!("{KIND}:q")).await, None);
}

async fn concurrent_callers_share_one_computation(open: impl Fn(CacheLimits) -> TestCache) {
    const CALLERS: usize = 1_000;
    let server = CachingServer::new("a", open(CacheLimits::default()).cache());
    check(&server.get("q", at(0)).await, "a 1", Miss);
    let gate = Arc::new(Semaphore::new(0));
    // All callers find the value expired at the same time.
    let start = Arc::new(Barrier::new(CALLERS));
    let calls = (0..CALLERS).map(|_| {
        let (server, gate, start) = (server.clone(), gate.clone(), start.clone());
        tokio::spawn(async move {
            start.wait().await;
            server.get_with("q", at(300), false, wait_for_permit(gate)).await.unwrap()
        })
    });
    let calls: Vec<_> = calls.collect();
    until("the computation", async || (server.computed() == 2).then_some(())).await;
    gate.add_permits(CALLERS);
    let responses: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert!(responses.iter().all(|response| response.value == "a 2"));
    assert_eq!(
        count(&responses.iter().map(|response| response.status).collect::<Vec<_>>()),
        (1, CALLERS - 1)
    );
    assert_eq!(server.computed(), 2);
}

async fn cancelled_callers_do_not_cancel_the_flight(open: impl Fn(CacheLimits) -> TestCache) {
    let server = CachingServer::new("a", open(CacheLimits::default()).cache());
    let gate = Arc::new(Semaphore::new(0));
    let first = server.spawn_gated("q", at(0), &gate);
    until("its computation", async || (server.computed() == 1).then_some(())).await;
    let second = server.spawn_gated("q", at(0), &gate);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    check(&second.await.unwrap(), "a 1", Hit);
    // Now without any waiting caller, for another key: the second caller may have found its value in the
    // cache before the first flight released its lock, and a call for the same key would join that flight.
    let third = server.spawn_gated("another", at(0), &gate);
    until("its computation", async || (server.computed() == 2).then_some(())).await;
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    let get_failing = async || server.get_failing("another", at(1), ComputeError::Away).await.ok();
    check(&until("its value", get_failing).await, "a 2", Hit);
}

async fn a_panic_ends_its_flight_only(open: impl Fn(CacheLimits) -> TestCache) {
    let server = CachingServer::new("a", open(CacheLimits::default()).cache());
    let failing = tokio::spawn({
        let server = server.clone();
        async move { server.get_with("q", at(0), false, async { panic!("a defect") }).await }
    });
    assert!(failing.await.unwrap_err().is_panic());
    check(&server.get("q", at(0)).await, "a 2", Miss);
}

async fn servers_share_one_computation(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let servers = [CachingServer::new("a", cache.cache()), CachingServer::new("a", cache.other())];
    for round in 0..5 {
        let calls = (0..100).map(|number| {
            let server = servers[number % 2].clone();
            tokio::spawn(async move {
                let work = async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Ok(())
                };
                server.get_with("q", at(300 * round), false, work).await.unwrap()
            })
        });
        let responses: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let outcomes: Vec<_> = responses.iter().map(|response| response.status).collect();
        assert_eq!(count(&outcomes), (1, 99), "round {round}");
        let first = &responses[0].value;
        assert!(responses.iter().all(|response| response.value == *first));
    }
    assert_eq!(servers[0].computed() + servers[1].computed(), 5);
}

async fn values_from_before_a_clear_are_not_returned(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = CachingServer::new("a", cache.cache());
    let other = CachingServer::new("b", cache.other());
    for clearing in [&server, &other] {
        let computed = server.computed();
        let gate = Arc::new(Semaphore::new(0));
        let old = server.spawn_gated("q", at(0), &gate);
        until("its computation", async || (server.computed() > computed).then_some(())).await;
        clearing.client.clear().await.unwrap();
        // It must neither join the old flight nor wait for its lock.
        let new = server.get("q", at(1)).await;
        check(&new, &format!("a {}", computed + 2), Miss);
        gate.add_permits(1);
        // Its value must not be stored.
        check(&old.await.unwrap(), &format!("a {}", computed + 1), Bypass);
        check(&server.get("q", at(2)).await, &new.value, Hit);
        check(&other.get("q", at(2)).await, &new.value, Hit);
        clearing.client.clear().await.unwrap();
        assert_eq!(server.get_failing("q", at(3), ComputeError::Away).await, Err(ComputeError::Away));
        assert_eq!(other.get_failing("q", at(3), ComputeError::Away).await, Err(ComputeError::Away));
    }
}

async fn damaged_entries_are_recomputed(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let server = CachingServer::new("a", cache.cache());
    let key = format!("{KIND}:q");
    server.get("q", at(0)).await;
    let good = cache.value(&key).await.unwrap();
    let mut flipped = good.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let of_another_version = [&[99], &good[1..]].concat();
    for (round, bad) in
        [b"".to_vec(), b"nonsense".to_vec(), flipped, of_another_version].into_iter().enumerate()
    {
        cache.put_now(&key, bad).await;
        let value = format!("a {}", round + 2);
        check(&server.get("q", at(1)).await, &value, Miss);
        check(&server.get("q", at(1)).await, &value, Hit);
    }
}

/// Counts misses and hits; no other status is expected.
fn count(outcomes: &[CacheStatus]) -> (usize, usize) {
    let of = |wanted: CacheStatus| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let (misses, hits) = (of(Miss), of(Hit));
    assert_eq!(misses + hits, outcomes.len(), "{outcomes:?}");
    (misses, hits)
}
