//! Liveness of workers: successful and failed steps.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::metrics::{Labels, Series, flag};

/// The pulses of a process's workers, in the order of their start. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Pulses(Arc<Mutex<Vec<(String, Pulse)>>>);

/// The pulse of one worker. Clones share it.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<PulseState>);

#[derive(Debug)]
struct PulseState {
    started: Instant,
    has_steps: bool,
    /// The time of the last successful step, in milliseconds since the start.
    succeeded: AtomicU64,
    failures: Counter,
    ended: AtomicBool,
}

impl Pulses {
    /// Registers the metrics of each worker.
    pub fn register(&self, registry: &mut Registry) {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let label = |name: &str| -> Labels<1> { [("worker", name.to_owned())] };
        registry.register(
            "worker_up",
            "1 while the worker runs; a worker that ends by itself ends the process",
            Series::from_iter(pulses.iter().map(|(name, pulse)| (label(name), flag(pulse.is_running())))),
        );
        let stepping = || pulses.iter().filter(|(_, pulse)| pulse.0.has_steps);
        let age = |pulse: &Pulse| ConstGauge::new(pulse.since_success().as_secs_f64());
        registry.register(
            "worker_last_success_age_seconds",
            "Time since the worker's last successful step, or since its start",
            Series::from_iter(stepping().map(|(name, pulse)| (label(name), age(pulse)))),
        );
        registry.register(
            "worker_failures",
            "Failed steps of the worker, which it repeats",
            Series::from_iter(stepping().map(|(name, pulse)| (label(name), pulse.0.failures.clone()))),
        );
    }

    /// Returns the pulse of a worker, creating it on the first call.
    pub(super) fn of(&self, name: &str, has_steps: bool) -> Pulse {
        let mut pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pulse)) = pulses.iter().find(|(known, _)| known == name) {
            return pulse.clone();
        }
        let pulse = Pulse::new(has_steps);
        pulses.push((name.to_owned(), pulse.clone()));
        pulse
    }
}

impl Pulse {
    /// Creates the pulse of a worker that works in steps or in one piece.
    pub fn new(has_steps: bool) -> Self {
        Self(Arc::new(PulseState {
            started: Instant::now(),
            has_steps,
            succeeded: AtomicU64::new(0),
            failures: Counter::default(),
            ended: AtomicBool::new(false),
        }))
    }

    /// Records a successful step.
    pub fn succeeded(&self) {
        let now = super::millis(self.0.started.elapsed());
        self.0.succeeded.store(now, Ordering::Relaxed);
    }

    /// Records a failed step.
    pub fn failed(&self) {
        self.0.failures.inc();
    }

    pub(super) fn ended(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }

    fn is_running(&self) -> bool {
        !self.0.ended.load(Ordering::Relaxed)
    }

    fn since_success(&self) -> Duration {
        let succeeded = Duration::from_millis(self.0.succeeded.load(Ordering::Relaxed));
        self.0.started.elapsed().saturating_sub(succeeded)
    }
}
