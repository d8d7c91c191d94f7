use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::buffer::BufferError;
use super::flusher::FlushError;
use quarry_store::StoreError;

/// How this server's flushing goes, for whoever asks. Clones share it.
#[derive(Clone, Debug)]
pub struct FlushProgress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    last_error: Mutex<Option<&'static str>>,
    seconds: Histogram,
}

impl FlushProgress {
    /// Notes how a step ended, and what is wrong with the database, if anything is known.
    pub(super) fn note(&self, failure: Option<&FlushError>, trouble: Option<&'static str>) {
        let message = failure.map(|failure| match failure {
            FlushError::Buffer(BufferError::Unavailable(_)) => "The keystroke buffer cannot be reached.",
            FlushError::Buffer(BufferError::Damaged(_)) => "The keystroke buffer is damaged: see the log.",
            FlushError::Store(StoreError::Unavailable(_)) => {
                trouble.unwrap_or("The database cannot be reached.")
            }
            FlushError::Store(_) => "The database refuses searches: see the log.",
        });
        *self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner) = message;
    }

    /// Notes a flush that came to its end.
    pub(super) fn flushed(&self, took: Duration) {
        self.0.seconds.observe(took.as_secs_f64());
    }

    /// What keeps this server from flushing; `None` if nothing does.
    pub fn last_error(&self) -> Option<&'static str> {
        *self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the duration of flushes.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "flush_duration_seconds",
            "Duration of this server's flushes, from folding to acknowledging",
            self.0.seconds.clone(),
        );
    }
}

impl Default for FlushProgress {
    fn default() -> Self {
        // From a millisecond to half a minute.
        let seconds = Histogram::new(exponential_buckets(0.001, 2.0, 15));
        Self(Arc::new(Inner { last_error: Mutex::new(None), seconds }))
    }
}
