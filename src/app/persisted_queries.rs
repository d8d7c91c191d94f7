//! The documents that clients send by name: a file of trusted ones, and those that a cache keeps.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cache::{Cache, LocalCache, RedisCache};
use crate::config::Settings;
use crate::graphql::Api;
use crate::http::{ApqCache, PersistedQueries, TrustedDocuments};

/// The longest that a request waits for the cache: without it, the client sends the text.
const PATIENCE: Duration = Duration::from_millis(200);
/// Follows the prefix of keys in Redis: an erasure that clears the cache of reports clears no documents.
const NAMESPACE: &str = "documents";

pub(super) async fn open(settings: &Settings, api: &Api) -> Result<PersistedQueries> {
    let trusted = trusted(settings, api).await?;
    let automatic = match settings.persisted.ttl {
        ttl if ttl.is_zero() || settings.persisted.only_trusted => None,
        ttl => Some(ApqCache::new(cache(settings)?, ttl)),
    };
    let own = &settings.persisted;
    Ok(PersistedQueries::new(trusted, own.only_trusted, automatic, own.max_age))
}

/// The trusted documents of the settings, if there are any.
pub(super) async fn trusted(settings: &Settings, api: &Api) -> Result<Option<TrustedDocuments>> {
    Ok(match &settings.persisted.documents {
        Some(path) => Some(read(path, api).await.with_context(|| {
            format!(
                "the trusted documents of {} (persisted.documents) cannot be used",
                super::whole(path).display()
            )
        })?),
        None => None,
    })
}

async fn read(path: &Path, api: &Api) -> Result<TrustedDocuments> {
    let trusted = TrustedDocuments::read(&tokio::fs::read(path).await?, api).await?;
    tracing::info!(documents = trusted.count(), "trusted documents were read");
    Ok(trusted)
}

fn cache(settings: &Settings) -> Result<Arc<dyn Cache>> {
    Ok(match &settings.redis_url {
        Some(url) => {
            let prefix = format!("{}:{NAMESPACE}", settings.redis_prefix);
            let cache = RedisCache::with_timeout(url.expose(), &prefix, ApqCache::LIMITS, PATIENCE);
            Arc::new(cache.context("redis_url cannot be used (`quarry config` shows it)")?)
        }
        None => Arc::new(LocalCache::new(ApqCache::LIMITS)),
    })
}
