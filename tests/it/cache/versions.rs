//! Values that reflect a version of the data, and clients of one cache with other times.

use std::time::Duration;

use quarry::cache::CacheStatus::{Bypass, Hit, Miss, Stale};
use quarry::cache::{CacheAside, CacheClient, CacheLimits, CacheResponse, CacheTimeouts, Freshness};
use tokio::sync::oneshot;

use super::caches::{TestCache, on_each_cache};
use super::server::{CachingServer, ComputeError, KIND, SHORT_TIMEOUT, TTL, UNLIMITED, at, check};

on_each_cache!(
    outdated_values_are_computed_again,
    a_call_does_not_join_the_flight_of_an_earlier_version,
    a_last_value_is_returned_only_where_it_is_permitted,
);

type Numbers = CacheAside<u32, ComputeError>;

/// Permits numbers from a version on.
fn from(version: u32) -> Freshness<u32> {
    Freshness::of_version(at(0), version.to_string(), move |value| *value >= version)
}

/// Requests the number of a version.
async fn get(aside: &Numbers, version: u32) -> CacheResponse<u32> {
    aside.get_fresh_or_compute("q", from(version), false, || async move { Ok(version) }).await.unwrap()
}

async fn outdated_values_are_computed_again(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let one = Numbers::new(CacheClient::new(cache.cache(), TTL), KIND);
    let other = Numbers::new(CacheClient::new(cache.other(), TTL), KIND);
    for (aside, version, value, status) in
        [(&one, 1, 1, Miss), (&one, 1, 1, Hit), (&other, 2, 2, Miss), (&one, 1, 2, Hit), (&one, 2, 2, Hit)]
    {
        let response = get(aside, version).await;
        assert_eq!((response.value, response.status), (value, status));
    }
}

async fn a_call_does_not_join_the_flight_of_an_earlier_version(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let timeouts = CacheTimeouts { lock_wait: SHORT_TIMEOUT, ..UNLIMITED };
    let aside = Numbers::new(CacheClient::with_timeouts(cache.cache(), TTL, timeouts), KIND);
    let (begin, begun) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let earlier = aside.get_fresh_or_compute("q", from(1), false, || async move {
        begin.send(()).unwrap();
        ended.await.map_err(|_| ComputeError::Defect)?;
        Ok(1)
    });
    let later = async {
        begun.await.unwrap();
        // The earlier call holds the lock, so this one computes without it.
        assert_eq!(get(&aside, 2).await.value, 2);
        end.send(()).unwrap();
    };
    let (earlier, ()) = tokio::join!(earlier, later);
    assert_eq!(earlier.unwrap().value, 1);
}

async fn a_last_value_is_returned_only_where_it_is_permitted(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let client = CacheClient::new(cache.cache(), TTL);
    for (stale_ttl, expected) in
        [(Duration::from_secs(60), Ok((1, Stale))), (Duration::ZERO, Err(ComputeError::Away))]
    {
        let aside = Numbers::new(client.with_times(TTL, stale_ttl, UNLIMITED), KIND);
        client.clear().await.unwrap();
        assert_eq!(get(&aside, 1).await.status, Miss);
        let fails = || async { Err(ComputeError::Away) };
        let found = aside.get_fresh_or_compute("q", from(2), false, fails).await;
        assert_eq!(found.map(|response| (response.value, response.status)), expected);
    }
    // Other times, the same values.
    let reports = CachingServer::new("a", cache.cache());
    let uncached = Numbers::new(reports.client.with_times(Duration::ZERO, Duration::ZERO, UNLIMITED), KIND);
    check(&reports.get("r", at(0)).await, "a 1", Miss);
    assert_eq!(get(&uncached, 1).await.status, Bypass);
    check(&reports.get("r", at(0)).await, "a 1", Hit);
}
