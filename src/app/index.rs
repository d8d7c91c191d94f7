//! The search engine: the one of the settings, its options, and the rebuild of its index.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use uuid::Uuid;

use super::data_folder::{INDEX_FOLDER, absolute};
use super::database::open_store;
use crate::cache::CacheClient;
use crate::config::{EngineKind, LanguageSetting, OpenSearchSettings, Settings};
use crate::domain::SourceName;
use crate::search::opensearch_engine::{ClusterCredentials, OpenSearchEngine, OpenSearchOptions};
use crate::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use crate::search::{
    AnswerTimes, Attributes, CachedEngine, FeederLease, FieldWeights, IndexStep, Indexer, SearchEngine,
};
use crate::store::Store;

/// Rebuilds the index from the store; `progress` receives the number of applied revisions.
pub async fn reindex(settings: &Settings, mut progress: impl FnMut(u64)) -> Result<u64> {
    let (store, _) = open_store(settings).await?;
    let engine: Arc<dyn SearchEngine> = match settings.search.engine {
        EngineKind::Tantivy => Arc::new(TantivyEngine::open_rebuilding(options(settings))?),
        EngineKind::OpenSearch => Arc::new(OpenSearchEngine::open_rebuilding(&cluster(settings))?),
    };
    let mut indexer = Indexer::new(store, engine.clone());
    let mut applied = 0;
    loop {
        let step = indexer.step().await?;
        applied = applied.max(indexer.follow().progress().applied.value().unsigned_abs());
        progress(applied);
        if step == IndexStep::CaughtUp {
            return Ok(engine.health().await?.documents);
        }
    }
}

/// An engine with the indexer that keeps it in sync with the store.
pub(super) struct OpenedIndex {
    pub(super) engine: Arc<dyn SearchEngine>,
    pub(super) indexer: Indexer,
}

/// Opens the engine of the settings; `server` is this process.
///
/// Opening a large embedded index may take a while, on a thread for blocking work.
pub(super) async fn open(
    settings: &Settings,
    store: &Store,
    server: Uuid,
    cache: &CacheClient,
) -> Result<OpenedIndex> {
    match settings.search.engine {
        EngineKind::Tantivy => {
            let options = options(settings);
            let opened = tokio::task::spawn_blocking(|| TantivyEngine::open(options)).await??;
            let engine: Arc<dyn SearchEngine> = Arc::new(opened);
            let indexer = Indexer::new(store.clone(), engine.clone());
            Ok(OpenedIndex { engine, indexer })
        }
        EngineKind::OpenSearch => {
            let opened = OpenSearchEngine::open(&cluster(settings))?;
            let lease = FeederLease { index: opened.alias().to_owned(), holder: server };
            let engine: Arc<dyn SearchEngine> = Arc::new(opened);
            let indexer = Indexer::shared(store.clone(), engine.clone(), lease);
            let OpenSearchSettings { cache_ttl: ttl, cache_stale: stale_ttl, .. } = settings.opensearch;
            // Servers of one cache may differ in it.
            let variant = settings.search.sufficient_hits.to_string();
            let engine = Arc::new(CachedEngine::new(engine, cache, AnswerTimes { ttl, stale_ttl }, variant));
            Ok(OpenedIndex { engine, indexer })
        }
    }
}

fn languages(settings: &Settings) -> BTreeMap<SourceName, LanguageSetting> {
    settings.sources.contents().map(|source| (source.name.clone(), source.language.clone())).collect()
}

fn options(settings: &Settings) -> TantivyOptions {
    let attributes = Arc::new(Attributes::of(settings.sources.contents()));
    TantivyOptions {
        folder: absolute(&settings.data_dir).join(INDEX_FOLDER),
        languages: languages(settings),
        weights: FieldWeights::of(&settings.weights, &attributes),
        attributes,
        sufficient_hits: settings.search.sufficient_hits,
        concurrency: settings.search.concurrency,
        memory_bytes: settings.search.indexing_memory_mb << 20,
        threads: settings.search.indexing_threads,
    }
}

fn cluster(settings: &Settings) -> OpenSearchOptions {
    let cluster = &settings.opensearch;
    let credentials = match (&cluster.username, &cluster.password, &cluster.api_key) {
        (Some(user), Some(password), _) => {
            ClusterCredentials::Basic(user.clone(), password.expose().to_owned())
        }
        (_, _, Some(key)) => ClusterCredentials::ApiKey(key.expose().to_owned()),
        _ => ClusterCredentials::Anonymous,
    };
    let attributes = Arc::new(Attributes::of(settings.sources.contents()));
    OpenSearchOptions {
        urls: cluster.urls.clone(),
        prefix: cluster.prefix.clone(),
        credentials,
        ca_file: cluster.ca_file.clone(),
        shards: cluster.shards,
        replicas: cluster.replicas,
        timeout: cluster.timeout,
        languages: languages(settings),
        weights: FieldWeights::of(&settings.weights, &attributes),
        attributes,
        sufficient_hits: settings.search.sufficient_hits,
        concurrency: settings.search.concurrency,
    }
}
