//! The conformance suite of `Cache`, run on each adapter.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use quarry::cache::CacheLimits;

use super::caches::{HOUR, TestCache, on_each_cache};
use crate::support::wait::until;

on_each_cache!(
    values_round_trip,
    keys_are_distinct,
    a_put_replaces_value_and_ttl,
    values_expire,
    clear_deletes_all_entries,
    puts_of_an_old_generation_are_rejected,
    puts_concurrent_with_a_clear_are_discarded,
    the_capacity_is_bounded,
    oversized_values_are_rejected,
    a_lock_has_one_holder,
    locks_expire_with_their_lease,
    only_the_holder_releases_a_lock,
);

const SHORT_TTL: Duration = Duration::from_millis(100);

async fn values_round_trip(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    assert_eq!(cache.value("key").await, None);
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for value in [b"".to_vec(), b"\0".to_vec(), every_byte.clone(), every_byte.repeat(8 << 10)] {
        cache.put_now("key", value.clone()).await;
        assert_eq!(cache.value("key").await, Some(Bytes::from(value)));
    }
    assert_eq!(cache.generation().await, cache.generation().await);
}

async fn keys_are_distinct(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let keys = ["", "a", "a:b", "a:", "b", "{a}", "*", "generation", "ends", "sizes", "all", "ä✓", "A"];
    for key in keys {
        cache.put_now(key, key).await;
    }
    for key in keys {
        assert_eq!(cache.value(key).await, Some(Bytes::from(key)), "{key}");
    }
}

async fn a_put_replaces_value_and_ttl(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let generation = cache.generation().await;
    cache.put("key", "short".into(), generation, SHORT_TTL).await.unwrap();
    cache.put("key", "long".into(), generation, HOUR).await.unwrap();
    cache.put("other", "short".into(), generation, SHORT_TTL).await.unwrap();
    until("the expiry of the other entry", async || cache.value("other").await.is_none().then_some(())).await;
    assert_eq!(cache.value("key").await, Some("long".into()), "with its own TTL");
}

async fn values_expire(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    cache.put_now("stays", "x").await;
    let put = Instant::now();
    cache.put("ends", "x".into(), cache.generation().await, SHORT_TTL).await.unwrap();
    until("its expiry", async || cache.value("ends").await.is_none().then_some(())).await;
    assert!(put.elapsed() >= SHORT_TTL, "gone after {:?}", put.elapsed());
    assert_eq!(cache.value("stays").await, Some("x".into()));
}

async fn clear_deletes_all_entries(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let mut generations = vec![cache.generation().await];
    for round in 0..3 {
        for key in 0..20 {
            cache.put_now(&key.to_string(), "x").await;
        }
        assert_eq!(cache.value("7").await, Some("x".into()), "round {round}");
        cache.clear().await.unwrap();
        for key in 0..20 {
            assert_eq!(cache.value(&key.to_string()).await, None);
        }
        let generation = cache.generation().await;
        assert!(!generations.contains(&generation));
        generations.push(generation);
    }
}

async fn puts_of_an_old_generation_are_rejected(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let old = cache.generation().await;
    cache.clear().await.unwrap();
    assert!(!cache.put("key", "old".into(), old, HOUR).await.unwrap());
    assert_eq!(cache.value("key").await, None);
    cache.put_now("key", "new").await;
    cache.put("key", "old".into(), old, HOUR).await.unwrap();
    assert_eq!(cache.value("key").await, Some("new".into()), "the newer value stays");
}

async fn puts_concurrent_with_a_clear_are_discarded(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    for _ in 0..20 {
        let old = cache.generation().await;
        let keys: Vec<String> = (0..20).map(|key| key.to_string()).collect();
        let puts = keys.iter().map(|key| cache.put(key, "old".into(), old, HOUR));
        let (puts, cleared) = tokio::join!(join_all(puts), cache.clear());
        cleared.unwrap();
        for put in puts {
            put.unwrap();
        }
        for key in &keys {
            assert_eq!(cache.value(key).await, None);
        }
    }
}

async fn the_capacity_is_bounded(open: impl Fn(CacheLimits) -> TestCache) {
    const VALUE: usize = 1_000;
    let cache = open(CacheLimits { bytes: 20_000, value_bytes: 10_000 });
    let count = async || {
        let mut count = 0;
        for key in 0..200 {
            count += usize::from(cache.value(&key.to_string()).await.is_some());
        }
        count
    };
    for key in 0..200 {
        cache.put_now(&key.to_string(), vec![0; VALUE]).await;
        assert!(cache.value(&key.to_string()).await.is_some(), "the latest entry is stored");
    }
    let most = 20_000 / (VALUE + CacheLimits::ENTRY_OVERHEAD + 1);
    let found = count().await;
    assert!(found <= most && found >= most / 2, "{found} of at most {most}");
    // A replaced entry must not count twice.
    for _ in 0..100 {
        cache.put_now("199", vec![0; VALUE]).await;
    }
    assert!(count().await >= found - 1);
    cache.put_now("large", vec![0; 9_000]).await;
    assert!(count().await <= (20_000 - 9_000) / VALUE);
    cache.clear().await.unwrap();
    for key in 0..most {
        cache.put_now(&key.to_string(), vec![0; VALUE - 10]).await;
    }
    assert_eq!(count().await, most, "a clear frees the capacity");
}

async fn oversized_values_are_rejected(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits { bytes: 5_000, value_bytes: 1_000 });
    for (size, is_kept) in [(1_000, true), (1_001, false), (1_000, true), (1 << 20, false)] {
        assert_eq!(cache.put_now("key", vec![1; size]).await, is_kept);
        // The previous value is outdated, so it must go as well.
        assert_eq!(cache.value("key").await.map(|value| value.len()), is_kept.then_some(size));
    }
    let cache = open(CacheLimits { bytes: 500, value_bytes: 1_000 });
    cache.put_now("key", vec![1; 600]).await;
    assert_eq!(cache.value("key").await, None);
}

async fn a_lock_has_one_holder(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let other = cache.other();
    let attempts = (0..50).map(|number| {
        let cache = if number % 2 == 0 { cache.cache() } else { other.clone() };
        tokio::spawn(async move { cache.lock("key", HOUR).await.unwrap() })
    });
    let tokens = join_all(attempts).await.into_iter().filter_map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(tokens.len(), 1);
    assert!(cache.lock("another key", HOUR).await.unwrap().is_some());
    assert_eq!(cache.value("key").await, None, "locks and entries have separate keys");
    other.unlock("key", tokens[0]).await.unwrap();
    assert!(cache.lock("key", HOUR).await.unwrap().is_some());
}

async fn locks_expire_with_their_lease(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let locked = Instant::now();
    cache.lock("key", SHORT_TTL).await.unwrap().unwrap();
    until("the end of the lease", async || cache.lock("key", HOUR).await.unwrap()).await;
    assert!(locked.elapsed() >= SHORT_TTL, "after {:?}", locked.elapsed());
}

async fn only_the_holder_releases_a_lock(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let first = cache.lock("key", SHORT_TTL).await.unwrap().unwrap();
    let second = until("the end of the lease", async || cache.lock("key", HOUR).await.unwrap()).await;
    cache.unlock("key", first).await.unwrap();
    assert!(cache.lock("key", HOUR).await.unwrap().is_none());
    cache.unlock("key", second).await.unwrap();
    cache.unlock("key", second).await.unwrap();
    assert!(cache.lock("key", HOUR).await.unwrap().is_some());
}
