use std::time::Duration;

use quarry_config::Settings;

/// The time limits of operations.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// The time limit of a query.
    pub query: Duration,
    /// The time limit of a mutation, which may wait for the index.
    pub mutation: Duration,
}

/// The maximum wait of a mutation for the index.
const MAX_INDEX_WAIT: Duration = Duration::from_secs(10);

impl TimeLimits {
    /// The limits of the settings.
    pub fn of(settings: &Settings) -> Self {
        Self { query: settings.server.request_timeout, mutation: settings.limits.mutation_time }
    }

    /// The timeout of a mutation's wait for the index, reported within the time limit.
    pub fn index_timeout(&self) -> Duration {
        MAX_INDEX_WAIT.min(self.mutation / 2)
    }
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}
