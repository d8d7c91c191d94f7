//! The metrics of a load test: counters, errors by code, latencies.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// The upper bound of the latency histograms.
const MAX_LATENCY_US: u64 = 600_000_000;

/// Records the metrics of concurrent virtual users.
pub(super) struct MetricsRecorder(Mutex<LoadTestMetrics>);

/// The metrics of a load test.
#[derive(Clone, Debug)]
pub struct LoadTestMetrics {
    /// Accepted keystrokes, duplicates included.
    pub accepted: u64,
    /// Duplicate and late keystrokes, which the server may accept or drop.
    pub out_of_turn: u64,
    /// Retries.
    pub retried: u64,
    /// Keystrokes dropped (`accepted: false`) although they arrived in order.
    pub dropped: u64,
    /// Undelivered keystrokes after an abort.
    pub unaccepted: u64,
    /// Failed requests by code: their number and the longest duration.
    pub errors: BTreeMap<String, (u64, Duration)>,
    /// Latencies of successful `logKeystroke` and `logKeystrokes`.
    pub mutations: LatencyHistogram,
    /// Latencies of successful `search(track:)`.
    pub searches: LatencyHistogram,
}

/// A latency histogram with three significant digits.
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

    /// The number of recorded latencies.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency at a quantile from 0 to 1.
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }
}

/// A successful request.
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
