//! Suggestions, and the worker that rebuilds them from the log.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::Mutex;

use super::outcome;
use crate::config::Settings;
use crate::search::{IndexFollower, SearchEngine, SuggestionWorker, Suggestions};
use crate::store::Store;
use crate::supervisor::{NeverWoken, Stage, Supervisor};

/// Creates suggestions with the configured options.
pub(super) fn open(
    settings: &Settings,
    store: &Store,
    engine: &Arc<dyn SearchEngine>,
    index: IndexFollower,
) -> Suggestions {
    Suggestions::new(store.clone(), engine.clone(), index, settings.suggest.clone())
}

/// Starts the worker.
pub(super) fn spawn(suggestions: Suggestions, supervisor: &mut Supervisor) {
    let worker = Arc::new(Mutex::new(SuggestionWorker::new(suggestions)));
    supervisor.spawn_steps("suggestions", Stage::Intake, NeverWoken, move || {
        let worker = worker.clone();
        async move {
            outcome(worker.lock().await.step(Utc::now()).await.map(|_| false), SuggestionWorker::PERIOD)
        }
    });
}
