//! Makes the logged searches anew after the log has changed.

use quarry_runtime::boxed;
use std::time::Duration;

use chrono::TimeDelta;

use super::Suggestions;
use quarry_domain::Timestamp;
use quarry_store::StoreError;

/// How many times as long as a rebuild takes is the pause after it: what it costs is bounded,
/// however large the log.
const PAUSE_FACTOR: i32 = 20;
/// For how long after an erasure there are no such pauses: its searches leave the log in steps.
const ERASING: TimeDelta = TimeDelta::minutes(2);

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionStep {
    /// The log had changed: so many of its searches may be suggested now.
    Rebuilt(usize),
    /// Nothing changed, or too little time has passed to look again.
    Rested,
}

/// Follows the log.
pub struct SuggestionWorker {
    suggestions: Suggestions,
    /// No rebuild before, unless there was an erasure.
    rests_until: Option<Timestamp>,
    erasing_until: Option<Timestamp>,
}

impl SuggestionWorker {
    /// How often a step is worth it. A step that finds nothing new costs some small queries.
    pub const PERIOD: Duration = Duration::from_secs(2);

    /// A worker that has done nothing yet.
    pub fn new(suggestions: Suggestions) -> Self {
        Self { suggestions, rests_until: None, erasing_until: None }
    }

    /// Looks whether the log has changed, and if so, shows what it says now.
    #[boxed]
    pub async fn step(&mut self, now: Timestamp) -> Result<SuggestionStep, StoreError> {
        let known = self.suggestions.inner.mark();
        if let Some(known) = &known {
            let mark = self.suggestions.inner.store.search_log_mark(self.suggestions.since(now)).await?;
            if mark.erasures() != known.erasures() {
                self.erasing_until = now.checked_add_signed(ERASING);
            }
            let is_erasing = self.erasing_until.is_some_and(|until| now < until);
            let rests = self.rests_until.is_some_and(|until| now < until) && !is_erasing;
            if mark == *known || rests {
                return Ok(SuggestionStep::Rested);
            }
        }
        let took = self.suggestions.rebuild(now).await?;
        let pause = TimeDelta::from_std(took).unwrap_or_default() * PAUSE_FACTOR;
        self.rests_until = now.checked_add_signed(pause);
        Ok(SuggestionStep::Rebuilt(self.suggestions.inner.logged()))
    }
}
