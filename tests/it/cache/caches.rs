//! Empty caches of each kind, one per test.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quarry::cache::{Cache, CacheGeneration, CacheLimits, LocalCache, RedisCache};
use uuid::Uuid;

use crate::support::redis::{cluster_url, delete_keys, shared_url};
use crate::support::wait::TEST_TIMEOUT;

/// A duration that exceeds that of any test.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// A cache of one test, deleted on drop.
pub(crate) struct TestCache {
    cache: Arc<dyn Cache>,
    /// Another server's handle of the same cache.
    other: Arc<dyn Cache>,
    /// A Redis of `tests/services.sh`, and the prefix of its keys.
    redis: Option<(String, String)>,
}

/// An in-process cache.
pub(crate) fn local(limits: CacheLimits) -> TestCache {
    let cache: Arc<dyn Cache> = Arc::new(LocalCache::new(limits));
    TestCache { cache: cache.clone(), other: cache, redis: None }
}

/// A cache in one Redis.
pub(crate) fn redis(limits: CacheLimits) -> TestCache {
    in_redis(shared_url(), limits)
}

/// A cache in a Redis Cluster.
pub(crate) fn cluster(limits: CacheLimits) -> TestCache {
    in_redis(cluster_url(), limits)
}

fn in_redis(url: String, limits: CacheLimits) -> TestCache {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    // With a long timeout, since the machine may be busy.
    let open = || Arc::new(RedisCache::with_timeout(&url, &prefix, limits, TEST_TIMEOUT).unwrap());
    TestCache { cache: open(), other: open(), redis: Some((url, prefix)) }
}

/// Declares a test of each function on every kind of cache:
/// `async fn name(open: impl Fn(CacheLimits) -> TestCache)`.
macro_rules! on_each_cache {
    ($($test:ident),+ $(,)?) => {
        $(
            mod $test {
                use crate::cache::caches;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn local() {
                    super::$test(caches::local).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn redis() {
                    super::$test(caches::redis).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn redis_cluster() {
                    super::$test(caches::cluster).await;
                }
            }
        )+
    };
}
pub(crate) use on_each_cache;

impl TestCache {
    /// Returns a handle for another task.
    pub(crate) fn cache(&self) -> Arc<dyn Cache> {
        self.cache.clone()
    }

    /// Returns another server's handle.
    pub(crate) fn other(&self) -> Arc<dyn Cache> {
        self.other.clone()
    }

    pub(crate) async fn generation(&self) -> CacheGeneration {
        self.get("some key").await.unwrap().generation
    }

    pub(crate) async fn value(&self, key: &str) -> Option<Bytes> {
        self.get(key).await.unwrap().value
    }

    /// Puts a value of the current generation; returns true if the cache admitted it.
    pub(crate) async fn put_now(&self, key: &str, value: impl Into<Bytes>) -> bool {
        self.put(key, value.into(), self.generation().await, HOUR).await.unwrap()
    }
}

impl Deref for TestCache {
    type Target = dyn Cache;

    fn deref(&self) -> &Self::Target {
        &*self.cache
    }
}

impl Drop for TestCache {
    fn drop(&mut self) {
        if let Some((url, prefix)) = &self.redis {
            delete_keys(url, prefix);
        }
    }
}
