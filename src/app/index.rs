//! The search index: its options, its rebuild, and the step of its worker.

use std::sync::Arc;

use anyhow::Result;

use super::data_folder::{INDEX_FOLDER, absolute};
use super::database::open_store;
use crate::config::Settings;
use crate::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use crate::search::{Attributes, FieldWeights, IndexStep, Indexer, SearchEngine};

/// Rebuilds the index from the store; `progress` receives the number of applied revisions.
pub async fn reindex(settings: &Settings, mut progress: impl FnMut(u64)) -> Result<u64> {
    let (store, _) = open_store(settings).await?;
    let engine: Arc<dyn SearchEngine> = Arc::new(TantivyEngine::open_rebuilding(options(settings))?);
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

/// Opens the index, which may take a while, on a thread for blocking work.
pub(super) async fn open(settings: &Settings) -> Result<Arc<dyn SearchEngine>> {
    let options = options(settings);
    Ok(Arc::new(tokio::task::spawn_blocking(|| TantivyEngine::open(options)).await??))
}

fn options(settings: &Settings) -> TantivyOptions {
    let languages = settings.sources.contents().map(|source| (source.name.clone(), source.language.clone()));
    let attributes = Arc::new(Attributes::of(settings.sources.contents()));
    TantivyOptions {
        folder: absolute(&settings.data_dir).join(INDEX_FOLDER),
        languages: languages.collect(),
        weights: FieldWeights::of(&settings.weights, &attributes),
        attributes,
        sufficient_hits: settings.search.sufficient_hits,
        concurrency: settings.search.concurrency,
        memory_bytes: settings.search.indexing_memory_mb << 20,
        threads: settings.search.indexing_threads,
    }
}
