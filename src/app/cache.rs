//! The cache that reports and searches share: in Redis, or in this process.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::REDIS_CONTEXT;
use crate::cache::{Cache, CacheClient, CacheLimits, LocalCache, RedisCache};
use crate::config::{Secret, Settings};

/// The opened cache.
pub(super) struct SharedCache {
    /// The client of reports; that of searches has other times.
    pub(super) client: CacheClient,
    /// The cache, if it is in Redis.
    pub(super) redis: Option<Arc<RedisCache>>,
}

impl SharedCache {
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        let open =
            |url: &Secret| RedisCache::open(url.expose(), &settings.redis_prefix, CacheLimits::default());
        let redis = settings.redis_url.as_ref().map(open).transpose().context(REDIS_CONTEXT)?.map(Arc::new);
        let cache: Arc<dyn Cache> = match redis.clone() {
            Some(cache) => cache,
            None => Arc::new(LocalCache::new(CacheLimits::default())),
        };
        Ok(Self { client: CacheClient::new(cache, settings.reports.ttl), redis })
    }
}
