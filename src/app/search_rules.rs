//! The worker that applies changed synonyms, stop words and rules.

use super::outcome;
use crate::search::{RuleStep, RuleStore};
use crate::supervisor::{NeverWoken, Stage, Supervisor};

/// Starts the worker.
pub(super) fn spawn(rules: RuleStore, supervisor: &mut Supervisor) {
    supervisor.spawn_steps("search rules", Stage::Intake, NeverWoken, move || {
        let rules = rules.clone();
        async move { outcome(rules.step().await.map(|step| step == RuleStep::Reloaded), RuleStore::PERIOD) }
    });
}
