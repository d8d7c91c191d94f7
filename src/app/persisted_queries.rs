//! Persisted documents: the file of trusted ones, and the cache of automatic ones.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::REDIS_CONTEXT;
use super::data_folder::absolute;
use crate::cache::{Cache, LocalCache, RedisCache};
use crate::config::Settings;
use crate::graphql::Api;
use crate::http::{ApqCache, PersistedQueries, TrustedDocuments};

/// The time limit of a cache lookup; without the cache, the client sends the text.
const CACHE_TIMEOUT: Duration = Duration::from_millis(200);
/// The suffix of the key prefix in Redis: an erasure clears the cache of reports, not the documents.
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

/// Reads the trusted documents, if they are configured.
pub(super) async fn trusted(settings: &Settings, api: &Api) -> Result<Option<TrustedDocuments>> {
    Ok(match &settings.persisted.documents {
        Some(path) => Some(read(path, api).await.with_context(|| {
            format!(
                "the trusted documents of {} (persisted.documents) cannot be used",
                absolute(path).display()
            )
        })?),
        None => None,
    })
}

async fn read(path: &Path, api: &Api) -> Result<TrustedDocuments> {
    let trusted = TrustedDocuments::read(&tokio::fs::read(path).await?, api).await?;
    tracing::info!(documents = trusted.count(), "trusted documents read");
    Ok(trusted)
}

fn cache(settings: &Settings) -> Result<Arc<dyn Cache>> {
    Ok(match &settings.redis_url {
        Some(url) => {
            let prefix = format!("{}:{NAMESPACE}", settings.redis_prefix);
            let cache = RedisCache::with_timeout(url.expose(), &prefix, ApqCache::LIMITS, CACHE_TIMEOUT);
            Arc::new(cache.context(REDIS_CONTEXT)?)
        }
        None => Arc::new(LocalCache::new(ApqCache::LIMITS)),
    })
}
