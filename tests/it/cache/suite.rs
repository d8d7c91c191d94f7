//! What every cache promises: run on each adapter.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use quarry::cache::CacheLimits;

use super::caches::{EVER, TestCache, on_each_cache};
use crate::support::wait::until;

on_each_cache!(
    values_come_back_as_they_were,
    keys_are_told_apart,
    a_value_replaces_another,
    a_value_ends,
    clearing_forgets_everything,
    what_is_of_an_old_generation_is_not_kept,
    puts_that_race_a_clearing_are_forgotten,
    all_stay_within_the_limit,
    a_value_over_its_limit_is_not_kept,
    a_lock_is_one_callers,
    a_lock_ends_with_its_lease,
    a_lock_is_given_back_by_its_holder_only,
);

const SOON: Duration = Duration::from_millis(100);

async fn values_come_back_as_they_were(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    assert_eq!(cache.value("key").await, None);
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for value in [b"".to_vec(), b"\0".to_vec(), every_byte.clone(), every_byte.repeat(8 << 10)] {
        cache.put_now("key", value.clone()).await;
        assert_eq!(cache.value("key").await, Some(Bytes::from(value)));
    }
    assert_eq!(cache.generation().await, cache.generation().await);
}

async fn keys_are_told_apart(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let keys = ["", "a", "a:b", "a:", "b", "{a}", "*", "generation", "ends", "sizes", "all", "ä✓", "A"];
    for key in keys {
        cache.put_now(key, key).await;
    }
    for key in keys {
        assert_eq!(cache.value(key).await, Some(Bytes::from(key)), "{key}");
    }
}

async fn a_value_replaces_another(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let generation = cache.generation().await;
    cache.put("key", "short".into(), generation, SOON).await.unwrap();
    cache.put("key", "long".into(), generation, EVER).await.unwrap();
    cache.put("other", "short".into(), generation, SOON).await.unwrap();
    until("the end of the other", async || cache.value("other").await.is_none().then_some(())).await;
    assert_eq!(cache.value("key").await, Some("long".into()), "with its own end");
}

async fn a_value_ends(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    cache.put_now("stays", "x").await;
    let put = Instant::now();
    cache.put("ends", "x".into(), cache.generation().await, SOON).await.unwrap();
    until("its end", async || cache.value("ends").await.is_none().then_some(())).await;
    assert!(put.elapsed() >= SOON, "gone after {:?}", put.elapsed());
    assert_eq!(cache.value("stays").await, Some("x".into()));
}

async fn clearing_forgets_everything(open: impl Fn(CacheLimits) -> TestCache) {
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

async fn what_is_of_an_old_generation_is_not_kept(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let old = cache.generation().await;
    cache.clear().await.unwrap();
    assert!(!cache.put("key", "old".into(), old, EVER).await.unwrap());
    assert_eq!(cache.value("key").await, None);
    cache.put_now("key", "new").await;
    cache.put("key", "old".into(), old, EVER).await.unwrap();
    assert_eq!(cache.value("key").await, Some("new".into()), "the newer one stays");
}

async fn puts_that_race_a_clearing_are_forgotten(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    for _ in 0..20 {
        let old = cache.generation().await;
        let keys: Vec<String> = (0..20).map(|key| key.to_string()).collect();
        let puts = keys.iter().map(|key| cache.put(key, "old".into(), old, EVER));
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

async fn all_stay_within_the_limit(open: impl Fn(CacheLimits) -> TestCache) {
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
        assert!(cache.value(&key.to_string()).await.is_some(), "the latest is there");
    }
    let most = 20_000 / (VALUE + CacheLimits::ENTRY_OVERHEAD + 1);
    let found = count().await;
    assert!(found <= most && found >= most / 2, "{found} of at most {most}");
    // Replacing one counts it once.
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
    assert_eq!(count().await, most, "clearing makes room");
}

async fn a_value_over_its_limit_is_not_kept(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits { bytes: 5_000, value_bytes: 1_000 });
    for (size, is_kept) in [(1_000, true), (1_001, false), (1_000, true), (1 << 20, false)] {
        assert_eq!(cache.put_now("key", vec![1; size]).await, is_kept);
        // The value before it is out of date: it goes as well.
        assert_eq!(cache.value("key").await.map(|value| value.len()), is_kept.then_some(size));
    }
    let cache = open(CacheLimits { bytes: 500, value_bytes: 1_000 });
    cache.put_now("key", vec![1; 600]).await;
    assert_eq!(cache.value("key").await, None);
}

async fn a_lock_is_one_callers(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let other = cache.share_other();
    let attempts = (0..50).map(|number| {
        let cache = if number % 2 == 0 { cache.share() } else { other.clone() };
        tokio::spawn(async move { cache.lock("key", EVER).await.unwrap() })
    });
    let tokens = join_all(attempts).await.into_iter().filter_map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(tokens.len(), 1);
    assert!(cache.lock("another key", EVER).await.unwrap().is_some());
    assert_eq!(cache.value("key").await, None, "a lock is no value");
    other.unlock("key", tokens[0]).await.unwrap();
    assert!(cache.lock("key", EVER).await.unwrap().is_some());
}

async fn a_lock_ends_with_its_lease(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let locked = Instant::now();
    cache.lock("key", SOON).await.unwrap().unwrap();
    until("the end of the lease", async || cache.lock("key", EVER).await.unwrap()).await;
    assert!(locked.elapsed() >= SOON, "after {:?}", locked.elapsed());
}

async fn a_lock_is_given_back_by_its_holder_only(open: impl Fn(CacheLimits) -> TestCache) {
    let cache = open(CacheLimits::default());
    let first = cache.lock("key", SOON).await.unwrap().unwrap();
    let second = until("the end of the lease", async || cache.lock("key", EVER).await.unwrap()).await;
    cache.unlock("key", first).await.unwrap();
    assert!(cache.lock("key", EVER).await.unwrap().is_none());
    cache.unlock("key", second).await.unwrap();
    cache.unlock("key", second).await.unwrap();
    assert!(cache.lock("key", EVER).await.unwrap().is_some());
}
