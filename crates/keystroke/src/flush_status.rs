use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The time for which a refused run counts as an error: longer than its lease, after which it is refused again.
const REFUSAL_MEMORY: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, Default)]
struct FlushErrors {
    /// The error of the last flush.
    last: Option<&'static str>,
    /// The last refusal of a run: flushes of other runs succeed in the meantime.
    refused: Option<(Instant, &'static str)>,
}

/// The last error and the durations of this server's flushes. Clones share it.
#[derive(Clone, Debug)]
pub struct FlushStatus {
    errors: Arc<Mutex<FlushErrors>>,
    seconds: Histogram,
}

impl FlushStatus {
    pub(super) fn set_last_error(&self, error: Option<&'static str>) {
        self.errors().last = error;
    }

    /// Records that the database refuses a run, which comes back after its lease.
    pub(super) fn set_refused(&self, error: &'static str) {
        self.errors().refused = Some((Instant::now(), error));
    }

    fn errors(&self) -> MutexGuard<'_, FlushErrors> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn observe(&self, duration: Duration) {
        self.seconds.observe(duration.as_secs_f64());
    }

    /// The error that prevents this server from flushing, if any.
    pub fn last_error(&self) -> Option<&'static str> {
        let FlushErrors { last, refused } = *self.errors();
        let refused = refused.filter(|(at, _)| at.elapsed() < REFUSAL_MEMORY);
        last.or(refused.map(|(_, error)| error))
    }

    /// Registers the duration of flushes.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "flush_duration_seconds",
            "Duration of this server's flushes, from folding to acknowledging",
            self.seconds.clone(),
        );
    }
}

impl Default for FlushStatus {
    fn default() -> Self {
        // From a millisecond to 16 seconds.
        let seconds = Histogram::new(exponential_buckets(0.001, 2.0, 15));
        Self { errors: Arc::default(), seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_run_remains_an_error_while_others_are_flushed() {
        let status = FlushStatus::default();
        status.set_refused("refused");
        status.set_last_error(Some("unreachable"));
        assert_eq!(status.last_error(), Some("unreachable"));
        status.set_last_error(None);
        assert_eq!(status.last_error(), Some("refused"));
        status.errors().refused = Instant::now().checked_sub(REFUSAL_MEMORY).map(|at| (at, "refused"));
        assert_eq!(status.last_error(), None);
    }
}
