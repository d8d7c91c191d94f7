//! Reports: which cache, and what knows how complete the log is.

use std::sync::Arc;

use anyhow::{Context, Result};
use async_trait::async_trait;

use crate::cache::{Cache, CacheLimits, LocalCache, RedisCache};
use crate::config::Settings;
use crate::domain::Timestamp;
use crate::keystroke::Keystrokes;
use crate::report::{Coverage, CoverageError, Reports};
use crate::store::Store;

/// Reports on a store, through the cache that is configured.
pub(super) fn open(settings: &Settings, store: &Store, keystrokes: &Keystrokes) -> Result<Reports> {
    let cache: Arc<dyn Cache> = match &settings.redis_url {
        Some(url) => {
            let cache = RedisCache::open(url.expose(), &settings.redis_prefix, CacheLimits::default());
            Arc::new(cache.context("redis_url cannot be used (`quarry config` shows it)")?)
        }
        None => Arc::new(LocalCache::new(CacheLimits::default())),
    };
    let coverage = Arc::new(Buffered(keystrokes.clone()));
    Ok(Reports::new(store.clone(), cache, coverage, settings.reports.ttl))
}

/// What waits in the keystroke buffer is not in the log yet.
struct Buffered(Keystrokes);

#[async_trait]
impl Coverage for Buffered {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        let health = self.0.health().await.map_err(|error| CoverageError(error.to_string()))?;
        match health.buffer.settled {
            Some(settled) => Ok(Some(settled)),
            None => Err(CoverageError("too much waits in the buffer".to_owned())),
        }
    }
}
