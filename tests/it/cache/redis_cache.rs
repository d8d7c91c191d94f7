//! The cache in Redis: shared by servers, robust against foreign data and lost keys.

use quarry::cache::{Cache, CacheError, CacheLimits, RedisCache};
use uuid::Uuid;

use super::caches::HOUR;
use crate::support::redis::{OwnRedis, command, delete_keys, keys, shared_url};
use crate::support::wait::{TEST_TIMEOUT, ends, until};

/// Opens a cache with a long timeout, since the machine may be busy.
fn open(url: &str, prefix: &str) -> RedisCache {
    open_within(url, prefix, CacheLimits::default())
}

fn open_within(url: &str, prefix: &str, limits: CacheLimits) -> RedisCache {
    RedisCache::with_timeout(url, prefix, limits, TEST_TIMEOUT).unwrap()
}

async fn put(cache: &RedisCache, key: &str, value: &'static str) {
    let generation = cache.get(key).await.unwrap().generation;
    cache.put(key, value.into(), generation, HOUR).await.unwrap();
}

async fn value(cache: &RedisCache, key: &str) -> Option<bytes::Bytes> {
    cache.get(key).await.unwrap().value
}

#[tokio::test]
async fn servers_share_one_cache() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let servers = [1, 2].map(|_| open(&shared_url(), &prefix));
    put(&servers[0], "key", "x").await;
    assert_eq!(value(&servers[1], "key").await, Some("x".into()));
    servers[1].clear().await.unwrap();
    assert_eq!(value(&servers[0], "key").await, None);
    put(&servers[1], "key", "y").await;
    assert_eq!(value(&servers[0], "key").await, Some("y".into()));
    let other = open(&shared_url(), &format!("{prefix}-2"));
    assert_eq!(value(&other, "key").await, None, "another prefix is another cache");
    delete_keys(&shared_url(), &prefix);
}

#[tokio::test]
async fn a_clear_deletes_the_keys() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let cache = open(&shared_url(), &prefix);
    for key in 0..100 {
        put(&cache, &key.to_string(), "canary").await;
    }
    cache.lock("key", HOUR).await.unwrap();
    let names = || {
        let all = keys(&shared_url(), &prefix).into_iter();
        all.map(|key| String::from_utf8(key).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names().len(), 104);
    let base = format!("{prefix}:{{cache-1}}:");
    for name in names() {
        let kind = name.strip_prefix(&base).unwrap_or_else(|| panic!("{name} is in another slot"));
        let lives: i64 = command(&shared_url(), &["PTTL", &name]);
        let is_kept = ["generation", "ends", "sizes"].contains(&kind);
        assert_eq!(lives == -1, is_kept, "{name} lives for {lives} ms");
    }
    cache.clear().await.unwrap();
    let mut rest = names();
    rest.sort();
    assert_eq!(rest, [format!("{base}generation"), format!("{base}l:key")]);
    delete_keys(&shared_url(), &prefix);
}

#[tokio::test]
async fn lost_keys_are_misses() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let url = shared_url();
    let cache = open_within(&url, &prefix, CacheLimits { bytes: 3_000, value_bytes: 1_000 });
    let base = format!("{prefix}:{{cache-1}}:");
    let lose = |name: &str| command::<i64>(&url, &["DEL", &format!("{base}{name}")]);
    put(&cache, "a", "x").await;
    lose("generation");
    assert_eq!(value(&cache, "a").await, None, "another generation");
    assert_eq!(value(&cache, "a").await, None);
    put(&cache, "a", "y").await;
    assert_eq!(value(&cache, "a").await, Some("y".into()));
    // Without the sorted set or the sizes, the cache works, and bounds the entries that it knows.
    for list in ["ends", "sizes"] {
        lose(list);
        for key in 0..50 {
            put(&cache, &key.to_string(), "x").await;
            assert_eq!(value(&cache, &key.to_string()).await, Some("x".into()));
        }
        let entries = keys(&url, &format!("{base}e:")).len();
        assert!(entries <= 2 * 3_000 / CacheLimits::ENTRY_OVERHEAD, "{entries}");
    }
    delete_keys(&url, &prefix);
    assert_eq!(value(&cache, "a").await, None);
}

#[tokio::test]
async fn foreign_data_is_a_miss_or_an_error() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let url = shared_url();
    let cache = open(&url, &prefix);
    put(&cache, "a", "x").await;
    let base = format!("{prefix}:{{cache-1}}:");
    let entry = format!("{base}e:a");
    for foreign in [&["SET", &entry, ""][..], &["SET", &entry, "foreign data of some length"]] {
        command::<()>(&url, foreign);
        assert_eq!(value(&cache, "a").await, None);
    }
    command::<i64>(&url, &["DEL", &entry]);
    command::<i64>(&url, &["RPUSH", &entry, "x"]);
    assert_eq!(value(&cache, "a").await, None);
    put(&cache, "a", "y").await;
    assert_eq!(value(&cache, "a").await, Some("y".into()), "replaced");
    for foreign in ["", "x", "foreign data of some length"] {
        command::<()>(&url, &["SET", &format!("{base}generation"), foreign]);
        assert!(matches!(cache.get("a").await, Err(CacheError::Damaged(_))));
    }
    cache.clear().await.unwrap();
    assert_eq!(value(&cache, "a").await, None, "a clear repairs the generation");
    delete_keys(&url, &prefix);
}

#[tokio::test]
async fn operations_fail_without_redis_and_recover() {
    let mut redis = OwnRedis::unstarted();
    let cache = RedisCache::open(&redis.url(), "quarry", CacheLimits::default()).unwrap();
    assert!(matches!(cache.get("a").await, Err(CacheError::Unavailable(_))));
    assert!(matches!(cache.clear().await, Err(CacheError::Unavailable(_))));
    assert!(matches!(cache.lock("a", HOUR).await, Err(CacheError::Unavailable(_))));
    redis.resume();
    put(&open(&redis.url(), "quarry"), "a", "x").await;
    until("the cache", async || cache.get("a").await.ok()).await;
    // A Redis that hangs costs each call the timeout.
    redis.pause();
    let Err(CacheError::Unavailable(problem)) = ends("a lookup", cache.get("a")).await else {
        panic!("Redis is paused, yet it replied")
    };
    assert!(problem.contains("no answer within 500 ms"), "{problem}");
    redis.unpause();
    let found = until("the cache", async || cache.get("a").await.ok()).await;
    assert_eq!(found.value, Some("x".into()));
}

#[tokio::test]
async fn errors_contain_no_secrets() {
    let limits = CacheLimits::default();
    for url in
        ["nonsense", "redis://:secret@ho st/", "http://ann:secret@host/", "redis://ann:secret@host:port/"]
    {
        let error = RedisCache::open(url, "quarry", limits).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    assert!(RedisCache::open("redis://localhost/", "qua{rry}", limits).is_err());
    let redis = OwnRedis::start();
    let url = redis.url().replace("redis://", "redis://ann:secret@");
    for url in [url.as_str(), "redis://ann:secret@127.0.0.1:1/"] {
        let error = RedisCache::open(url, "quarry", limits).unwrap().get("canary").await.unwrap_err();
        assert!(matches!(error, CacheError::Unavailable(_)), "{error:?}");
        for secret in ["secret", "ann", "127", "canary"] {
            assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
        }
    }
}
