//! What happened while people typed: counts, errors by code, latencies.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies are kept to three digits, as far as this.
const MAX_LATENCY_US: u64 = 600_000_000;

/// Counts, from many persons at once.
pub(super) struct MetricsRecorder(Mutex<LoadTestMetrics>);

/// What happened while people typed.
#[derive(Clone, Debug)]
pub struct LoadTestMetrics {
    /// Keystrokes that the server took, copies included.
    pub accepted: u64,
    /// Of those, copies and late ones, which the server may also have dropped as such.
    pub out_of_turn: u64,
    /// Requests that were made again.
    pub retried: u64,
    /// Keystrokes that the server answered but dropped (`accepted: false`), though they came in turn.
    pub dropped: u64,
    /// Keystrokes that were given up, or not sent any more after that.
    pub unaccepted: u64,
    /// Failed requests by code: how many, and the longest.
    pub errors: BTreeMap<String, (u64, Duration)>,
    /// Of answered `logKeystroke` and `logKeystrokes`.
    pub mutations: LatencyHistogram,
    /// Of answered `search(track:)`.
    pub searches: LatencyHistogram,
}

/// How long requests took.
#[derive(Clone, Debug)]
pub struct LatencyHistogram(Histogram<u64>);

impl LatencyHistogram {
    fn new() -> Self {
        let histogram = Histogram::new_with_max(MAX_LATENCY_US, 3);
        Self(histogram.expect("three digits up to ten minutes is a range that it has"))
    }

    fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(MAX_LATENCY_US));
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// What this share of them, from 0 to 1, did not exceed.
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }
}

/// How a request ended that was answered.
pub(super) struct CompletedRequest {
    pub(super) took: Duration,
    pub(super) is_search: bool,
    pub(super) accepted: u64,
    pub(super) out_of_turn: u64,
    pub(super) dropped: u64,
}

impl MetricsRecorder {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LoadTestMetrics {
            accepted: 0,
            out_of_turn: 0,
            retried: 0,
            dropped: 0,
            unaccepted: 0,
            errors: BTreeMap::new(),
            mutations: LatencyHistogram::new(),
            searches: LatencyHistogram::new(),
        }))
    }

    pub(super) fn record_completed(&self, request: &CompletedRequest) {
        let mut metrics = self.metrics();
        metrics.accepted += request.accepted;
        metrics.out_of_turn += request.out_of_turn;
        metrics.dropped += request.dropped;
        let latencies = if request.is_search { &mut metrics.searches } else { &mut metrics.mutations };
        latencies.record(request.took);
    }

    pub(super) fn record_error(&self, code: &str, took: Duration) {
        let mut metrics = self.metrics();
        let (count, longest) = metrics.errors.entry(code.to_owned()).or_default();
        *count += 1;
        *longest = took.max(*longest);
    }

    pub(super) fn record_retry(&self) {
        self.metrics().retried += 1;
    }

    pub(super) fn record_unaccepted(&self, keystrokes: usize) {
        self.metrics().unaccepted += keystrokes as u64;
    }

    pub(super) fn finish(&self) -> LoadTestMetrics {
        self.metrics().clone()
    }

    fn metrics(&self) -> MutexGuard<'_, LoadTestMetrics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
