use std::time::Duration;

use quarry_config::Settings;

/// The time limits of operations.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// Of a query.
    pub query: Duration,
    /// Of a mutation: longer, since one may wait for the index.
    pub mutation: Duration,
}

/// The longest that a mutation waits for the index.
const MAX_INDEX_WAIT: Duration = Duration::from_secs(10);

impl TimeLimits {
    /// The limits that the settings describe.
    pub fn of(settings: &Settings) -> Self {
        Self { query: settings.server.request_timeout, mutation: settings.limits.mutation_time }
    }

    /// The wait of a mutation for the index: short enough to report it within the own limit.
    pub fn index_patience(&self) -> Duration {
        MAX_INDEX_WAIT.min(self.mutation / 2)
    }
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}
