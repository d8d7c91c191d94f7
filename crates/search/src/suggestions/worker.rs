//! Rebuilds the logged searches after the log has changed.

use quarry_runtime::boxed;
use std::time::Duration;

use chrono::TimeDelta;

use super::Suggestions;
use quarry_domain::Timestamp;
use quarry_store::StoreError;

/// The pause after a rebuild as a multiple of its duration.
const PAUSE_FACTOR: i32 = 20;
/// The time without pauses after an erasure, whose searches leave the log in steps.
const ERASURE_DURATION: TimeDelta = TimeDelta::minutes(2);

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionStep {
    /// The log had changed; the number of its searches that may be suggested now.
    Rebuilt(usize),
    /// The log has not changed, or the worker pauses.
    Idle,
}

/// Rebuilds suggestions when the log changes.
pub struct SuggestionWorker {
    suggestions: Suggestions,
    /// The end of the pause after the last rebuild.
    pauses_until: Option<Timestamp>,
    erasing_until: Option<Timestamp>,
}

impl SuggestionWorker {
    /// The interval of steps. A step without changes costs a few small queries.
    pub const PERIOD: Duration = Duration::from_secs(2);

    /// Creates a worker; [`Self::step`] drives it.
    pub fn new(suggestions: Suggestions) -> Self {
        Self { suggestions, pauses_until: None, erasing_until: None }
    }

    /// Rebuilds the suggestions if the log has changed.
    #[boxed]
    pub async fn step(&mut self, now: Timestamp) -> Result<SuggestionStep, StoreError> {
        let known = self.suggestions.inner.published().mark.clone();
        if let Some(known) = &known {
            let mark = self.suggestions.inner.store.search_log_mark(self.suggestions.since(now)).await?;
            if mark.erasures() != known.erasures() {
                self.erasing_until = now.checked_add_signed(ERASURE_DURATION);
            }
            let is_erasing = self.erasing_until.is_some_and(|until| now < until);
            let pauses = self.pauses_until.is_some_and(|until| now < until) && !is_erasing;
            if mark == *known || pauses {
                return Ok(SuggestionStep::Idle);
            }
        }
        let took = self.suggestions.rebuild(now).await?;
        let pause = TimeDelta::from_std(took).unwrap_or_default() * PAUSE_FACTOR;
        self.pauses_until = now.checked_add_signed(pause);
        Ok(SuggestionStep::Rebuilt(self.suggestions.inner.published().searches.len()))
    }
}
