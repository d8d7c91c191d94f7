//! The worker that counts the visitors of documents.

use chrono::Utc;

use super::outcome;
use crate::search::PopularityCounter;
use crate::supervisor::{NeverWoken, Stage, Supervisor};

/// Starts the worker.
pub(super) fn spawn(counter: PopularityCounter, supervisor: &mut Supervisor) {
    supervisor.spawn_steps("popularity", Stage::Intake, NeverWoken, move || {
        let counter = counter.clone();
        async move { outcome(counter.step(Utc::now()).await.map(|()| false), PopularityCounter::PERIOD) }
    });
}
