//! The worker that rebuilds suggestions from the log.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::Mutex;

use super::outcome;
use crate::search::{SuggestionWorker, Suggestions};
use crate::supervisor::{NeverWoken, Stage, Supervisor};

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
