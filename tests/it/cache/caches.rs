//! Caches of each kind, empty and of one test's own.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quarry::cache::{Cache, CacheLimits, Generation, LocalCache, RedisCache};
use uuid::Uuid;

use crate::support::redis::{forget, shared_url};
use crate::support::wait::PATIENCE;

/// For as long as any test runs.
pub(crate) const EVER: Duration = Duration::from_secs(3_600);

/// A cache that no other test knows; gone with what it holds when dropped.
pub(crate) struct TestCache {
    cache: Arc<dyn Cache>,
    /// The same cache as another server sees it.
    other: Arc<dyn Cache>,
    /// Of its keys in the Redis of `tests/services.sh`.
    prefix: Option<String>,
}

/// The cache of a server without Redis.
pub(crate) fn local(limits: CacheLimits) -> TestCache {
    let cache: Arc<dyn Cache> = Arc::new(LocalCache::new(limits));
    TestCache { cache: cache.clone(), other: cache, prefix: None }
}

/// A cache in Redis.
pub(crate) fn redis(limits: CacheLimits) -> TestCache {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    // With time for a machine that is busy.
    let open = || Arc::new(RedisCache::with_timeout(&shared_url(), &prefix, limits, PATIENCE).unwrap());
    TestCache { cache: open(), other: open(), prefix: Some(prefix) }
}

/// Makes a test of each named function on every kind of cache:
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
            }
        )+
    };
}
pub(crate) use on_each_cache;

impl TestCache {
    /// The cache, for tasks to share.
    pub(crate) fn share(&self) -> Arc<dyn Cache> {
        self.cache.clone()
    }

    /// The cache, for another server.
    pub(crate) fn share_other(&self) -> Arc<dyn Cache> {
        self.other.clone()
    }

    pub(crate) async fn generation(&self) -> Generation {
        self.get("some key").await.unwrap().generation
    }

    /// What is kept under a key.
    pub(crate) async fn value(&self, key: &str) -> Option<Bytes> {
        self.get(key).await.unwrap().value
    }

    /// Puts a value of the generation that is; whether it is kept.
    pub(crate) async fn put_now(&self, key: &str, value: impl Into<Bytes>) -> bool {
        self.put(key, value.into(), self.generation().await, EVER).await.unwrap()
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
        if let Some(prefix) = &self.prefix {
            forget(&shared_url(), prefix);
        }
    }
}
