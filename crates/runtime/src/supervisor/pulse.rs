//! What workers have done, for whoever watches a process.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The pulses of a process's workers. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Pulses(Arc<Mutex<Vec<(String, Pulse)>>>);

/// The pulse of one worker. Clones share it.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    begun: Instant,
    /// Whether it does its work in steps that can be told apart.
    steps: bool,
    /// When a step last succeeded, in milliseconds since the beginning.
    succeeded: AtomicU64,
    failures: AtomicU64,
    ended: AtomicBool,
}

/// How a worker does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerFigures {
    /// Its name.
    pub name: String,
    /// It has not ended.
    pub is_running: bool,
    /// Since its last step that succeeded, or since its start; none if it does not work in steps.
    pub since_success: Option<Duration>,
    /// Steps that failed.
    pub failures: u64,
}

impl Pulses {
    /// How each worker does, in the order in which they were started.
    pub fn figures(&self) -> Vec<WorkerFigures> {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.iter().map(|(name, pulse)| pulse.figures(name.clone())).collect()
    }

    /// The pulse of a worker, which is made here unless it was before.
    pub(super) fn of(&self, name: &str, steps: bool) -> Pulse {
        let mut pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pulse)) = pulses.iter().find(|(known, _)| known == name) {
            return pulse.clone();
        }
        let pulse = Pulse::new(steps);
        pulses.push((name.to_owned(), pulse.clone()));
        pulse
    }
}

impl Pulse {
    /// The pulse of a worker that does its work in steps, or in one piece.
    pub fn new(steps: bool) -> Self {
        Self(Arc::new(Inner {
            begun: Instant::now(),
            steps,
            succeeded: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }))
    }

    /// A step succeeded.
    pub fn succeeded(&self) {
        let now = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.succeeded.store(now, Ordering::Relaxed);
    }

    /// A step failed.
    pub fn failed(&self) {
        self.0.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }

    fn figures(&self, name: String) -> WorkerFigures {
        let inner = &*self.0;
        let succeeded = Duration::from_millis(inner.succeeded.load(Ordering::Relaxed));
        WorkerFigures {
            name,
            is_running: !inner.ended.load(Ordering::Relaxed),
            since_success: inner.steps.then(|| inner.begun.elapsed().saturating_sub(succeeded)),
            failures: inner.failures.load(Ordering::Relaxed),
        }
    }
}
