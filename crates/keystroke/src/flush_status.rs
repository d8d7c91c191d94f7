use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The last error and the durations of this server's flushes. Clones share it.
#[derive(Clone, Debug)]
pub struct FlushStatus {
    last_error: Arc<Mutex<Option<&'static str>>>,
    seconds: Histogram,
}

impl FlushStatus {
    pub(super) fn set_last_error(&self, error: Option<&'static str>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(super) fn observe(&self, duration: Duration) {
        self.seconds.observe(duration.as_secs_f64());
    }

    /// The error that prevents this server from flushing, if any.
    pub fn last_error(&self) -> Option<&'static str> {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner)
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
        Self { last_error: Arc::default(), seconds }
    }
}
