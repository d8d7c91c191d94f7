//! Suggestions, and the worker that keeps them in step with the log.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::Mutex;

use crate::config::Settings;
use crate::search::{IndexFollower, SearchEngine, SuggestionStep, SuggestionWorker, Suggestions};
use crate::store::Store;
use crate::supervisor::{NeverWoken, Outcome, Stage, Supervisor};

/// Suggestions as they are configured.
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
            match worker.lock().await.step(Utc::now()).await {
                Ok(SuggestionStep::Rebuilt(_) | SuggestionStep::Idle) => {
                    Outcome::Idle(SuggestionWorker::PERIOD)
                }
                Err(error) => Outcome::Failed(Box::new(error)),
            }
        }
    });
}
