//! The workers of the process.

use super::page::{Page, flag, label};
use crate::supervisor::WorkerFigures;

/// How workers do, by name.
pub(super) fn tell(page: &mut Page, workers: &[WorkerFigures]) {
    let named = |worker: &WorkerFigures| label("worker", worker.name.as_str());
    page.gauges(
        "worker_up",
        "Whether the worker runs; where one ends by itself, the process does",
        workers.iter().map(|worker| (named(worker), flag(worker.is_running))).collect(),
    );
    let since = |worker: &WorkerFigures| Some((named(worker), worker.since_success?.as_secs_f64()));
    page.gauges(
        "worker_last_success_age_seconds",
        "Since the worker's last step that succeeded, or since its start",
        workers.iter().filter_map(since).collect(),
    );
    let failures = workers.iter().filter(|worker| worker.since_success.is_some());
    page.counts(
        "worker_failures_total",
        "Steps of the worker that failed; it takes them again",
        failures.map(|worker| (named(worker), worker.failures)).collect(),
    );
}
