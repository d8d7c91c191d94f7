//! Supervision of named workers: start, two-stage shutdown, failures.
//!
//! A signal stops a process in two stages. First, *intake* workers (they accept work: a server, a crawler)
//! finish their in-flight work; with a delay, they accept work for that long while clients receive notice.
//! Once they have ended, or have used their share of the grace period, *drain* workers (they process
//! work: an indexer) finish what was accepted. The end of the grace period aborts the remaining workers; a
//! second signal aborts all at once. A worker that ends before its stage stops the whole process, which
//! then ends with an error that names the worker.
//!
//! Deliberately without restarts: [`run_worker`] retries a failed step, and a worker that panics is a
//! defect, after which the service manager restarts the process.

mod pulse;
mod worker;

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use pulse::{Pulse, Pulses};
pub use worker::{NeverWoken, Outcome, StopCondition, Wake, run_worker};

/// The share of the grace period for intake workers, in percent.
///
/// The drain has the rest, which one stuck client would use up otherwise.
const INTAKE_SHARE_PERCENT: u32 = 75;
/// The share of the grace period for the final writes, in percent.
const FINAL_SHARE_PERCENT: u32 = 20;
/// The longest wait for aborted workers to release their resources.
const ABORT_TIMEOUT: Duration = Duration::from_secs(1);

/// The result of a worker.
pub type WorkerResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The stage of a shutdown in which a worker stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first stage, of workers that accept work.
    Intake,
    /// The second stage, of workers that process the accepted work.
    Drain,
}

/// A shutdown that was not orderly.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// A worker ended before its stage, or with an error.
    #[error("the worker {worker:?} ended: {reason}")]
    Ended {
        /// The name of the worker.
        worker: String,
        /// The error of the worker, or the way it ended.
        reason: String,
    },
    /// Workers did not finish within the grace period.
    #[error("aborted after the grace period: {}", workers.join(", "))]
    GraceExceeded {
        /// The names of the workers.
        workers: Vec<String>,
    },
    /// A second signal arrived.
    #[error("aborted by a second signal: {}", workers.join(", "))]
    Aborted {
        /// The names of the workers that did not finish.
        workers: Vec<String>,
    },
}

struct Worker {
    name: String,
    stage: Stage,
    task: AbortHandle,
    pulse: Pulse,
}

/// The end of the grace period. Clones share it.
#[derive(Clone, Debug)]
pub struct GraceEnd {
    grace: Duration,
    at: Arc<OnceLock<Instant>>,
}

impl GraceEnd {
    /// Returns the remaining time for resumable work, or `None` before a shutdown.
    ///
    /// It ends before the grace period does: such work is better postponed than aborted.
    pub fn left(&self) -> Option<Duration> {
        let end = *self.at.get()? - self.grace * FINAL_SHARE_PERCENT / 100;
        Some(end.saturating_duration_since(Instant::now()))
    }
}

/// The workers of a process.
pub struct Supervisor {
    grace: Duration,
    grace_end: Arc<OnceLock<Instant>>,
    delay: Duration,
    notice: CancellationToken,
    intake: CancellationToken,
    drain: CancellationToken,
    workers: Vec<Worker>,
    tasks: JoinSet<WorkerResult>,
    pulses: Pulses,
}

impl Supervisor {
    /// Creates a supervisor whose workers have `grace` to finish after a signal.
    pub fn new(grace: Duration) -> Self {
        Self {
            grace,
            grace_end: Arc::default(),
            delay: Duration::ZERO,
            notice: CancellationToken::new(),
            intake: CancellationToken::new(),
            drain: CancellationToken::new(),
            workers: Vec::new(),
            tasks: JoinSet::new(),
            pulses: Pulses::default(),
        }
    }

    /// Sets the time after a signal during which intake continues, while clients receive notice.
    pub fn with_delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Returns the end of the grace period, for work that the next start can continue.
    pub fn grace_end(&self) -> GraceEnd {
        GraceEnd { grace: self.grace, at: self.grace_end.clone() }
    }

    /// Returns a token that the first signal cancels, before the delay.
    pub fn notice(&self) -> CancellationToken {
        self.notice.clone()
    }

    /// Records the pulses of the workers in `pulses`.
    pub fn watched_by(self, pulses: Pulses) -> Self {
        Self { pulses, ..self }
    }

    /// Creates the pulse of a worker that records its own steps.
    pub fn pulse(&self, name: &str) -> Pulse {
        self.pulses.of(name, true)
    }

    /// Returns the token that stops the workers of a stage.
    ///
    /// Cancelling the token of the intake starts an orderly shutdown, as a signal does.
    pub fn token(&self, stage: Stage) -> CancellationToken {
        match stage {
            Stage::Intake => self.intake.clone(),
            Stage::Drain => self.drain.clone(),
        }
    }

    /// Starts a worker, which ends without an error soon after its stage's token is cancelled.
    pub fn spawn<F>(&mut self, name: impl Into<String>, stage: Stage, worker: F)
    where
        F: Future<Output = WorkerResult> + Send + 'static,
    {
        let name = name.into();
        let pulse = self.pulses.of(&name, false);
        let task = self.tasks.spawn(worker);
        self.workers.push(Worker { name, stage, task, pulse });
    }

    /// Starts a worker that repeats a step: see [`run_worker`].
    ///
    /// An intake worker ends after its current step, a drain worker once it is idle.
    pub fn spawn_steps<W, S, F>(&mut self, name: impl Into<String>, stage: Stage, wake: W, step: S)
    where
        W: Wake + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let stop = match stage {
            Stage::Intake => StopCondition::AfterStep,
            Stage::Drain => StopCondition::WhenIdle,
        };
        self.spawn_worker(name.into(), stage, stop, wake, step);
    }

    /// Starts a drain worker whose work is durable.
    ///
    /// If its steps keep failing during the shutdown, the worker ends without an error, and the next start
    /// continues the work.
    pub fn spawn_resumable<W, S, F>(&mut self, name: impl Into<String>, wake: W, step: S)
    where
        W: Wake + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        self.spawn_worker(name.into(), Stage::Drain, StopCondition::BestEffort, wake, step);
    }

    fn spawn_worker<W, S, F>(&mut self, name: String, stage: Stage, stop: StopCondition, wake: W, step: S)
    where
        W: Wake + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let token = self.token(stage);
        let (worker, pulse) = (name.clone(), self.pulse(&name));
        self.spawn(name, stage, async move { run_worker(&worker, &token, stop, wake, &pulse, step).await });
    }

    /// Runs until every worker has ended. Each item of `signals` is a stop signal.
    pub async fn run(mut self, signals: impl Stream<Item = &'static str>) -> Result<(), StopError> {
        let mut signals = pin!(signals.fuse());
        let mut failure = None;
        let mut deadlines: Option<Deadlines> = None;
        let mut delayed_until: Option<Instant> = None;
        while !self.workers.is_empty() {
            if self.intake.is_cancelled() {
                self.notice.cancel();
                delayed_until = None;
                let deadlines = deadlines.get_or_insert_with(|| Deadlines::from_now(self.grace));
                self.grace_end.get_or_init(|| deadlines.all);
                if !self.workers.iter().any(|worker| worker.stage == Stage::Intake) {
                    self.drain.cancel();
                }
            }
            let stopping = deadlines.is_some() || delayed_until.is_some();
            let is_delayed = delayed_until.is_some();
            let next_deadline = deadlines.as_ref().map(|deadlines| deadlines.next(self.drain.is_cancelled()));
            tokio::select! {
                ended = self.tasks.join_next_with_id() => {
                    if let Some(ended) = ended
                        && let Some(error) = self.record_end(ended)
                    {
                        failure.get_or_insert(error);
                        self.intake.cancel();
                    }
                }
                Some(signal) = signals.next() => {
                    if stopping {
                        warn!(signal, "second signal, aborting");
                        let workers = self.abort_all().await;
                        return Err(failure.unwrap_or(StopError::Aborted { workers }));
                    }
                    info!(signal, delay_ms = millis(self.delay), grace_ms = millis(self.grace), "stopping");
                    self.notice.cancel();
                    delayed_until = Some(Instant::now() + self.delay);
                }
                () = self.intake.cancelled(), if deadlines.is_none() => {}
                () = sleep_until(delayed_until), if is_delayed => self.intake.cancel(),
                () = sleep_until(next_deadline), if deadlines.is_some() => {
                    if self.drain.is_cancelled() {
                        let workers = self.abort_all().await;
                        error!(workers = workers.join(", "), "grace period ended, aborting");
                        return Err(failure.unwrap_or(StopError::GraceExceeded { workers }));
                    }
                    let workers = self.abort_intake();
                    warn!(workers = workers.join(", "), "intake did not end in time, aborting it");
                    failure.get_or_insert(StopError::GraceExceeded { workers });
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Records the end of a worker, and returns an error if it was not orderly.
    fn record_end(&mut self, ended: Result<(Id, WorkerResult), JoinError>) -> Option<StopError> {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let at = self.workers.iter().position(|worker| worker.task.id() == id)?;
        let Worker { name: worker, stage, pulse, .. } = self.workers.swap_remove(at);
        pulse.ended();
        let reason = match ended {
            Ok((_, Ok(()))) if self.token(stage).is_cancelled() => {
                info!(worker.name = worker, "worker ended");
                return None;
            }
            Ok((_, Ok(()))) => "it stopped before the shutdown".to_owned(),
            Ok((_, Err(error))) => error.to_string(),
            // The error of the aborted intake names this worker.
            Err(error) if error.is_cancelled() => return None,
            Err(_) => "it panicked".to_owned(),
        };
        error!(worker.name = worker, reason, "worker failed, stopping");
        Some(StopError::Ended { worker, reason })
    }

    fn abort_intake(&self) -> Vec<String> {
        let late: Vec<&Worker> = self.workers.iter().filter(|worker| worker.stage == Stage::Intake).collect();
        late.iter().for_each(|worker| worker.task.abort());
        // The drain begins at once: a task that never yields ignores the abort.
        self.drain.cancel();
        names(late)
    }

    /// Aborts all workers and returns their names. A task that never yields is left behind.
    async fn abort_all(&mut self) -> Vec<String> {
        self.intake.cancel();
        self.drain.cancel();
        let aborted = names(self.workers.iter());
        let _ = tokio::time::timeout(ABORT_TIMEOUT, self.tasks.shutdown()).await;
        aborted
    }
}

fn names<'a>(workers: impl IntoIterator<Item = &'a Worker>) -> Vec<String> {
    let mut names: Vec<String> = workers.into_iter().map(|worker| worker.name.clone()).collect();
    names.sort_unstable();
    names
}

struct Deadlines {
    intake: Instant,
    all: Instant,
}

impl Deadlines {
    fn from_now(grace: Duration) -> Self {
        let now = Instant::now();
        Self { intake: now + grace * INTAKE_SHARE_PERCENT / 100, all: now + grace }
    }

    fn next(&self, draining: bool) -> Instant {
        if draining { self.all } else { self.intake }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the stop signals of this process, by name.
#[cfg(unix)]
pub fn stop_signals() -> std::io::Result<impl Stream<Item = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(futures_util::stream::poll_fn(move |context| {
        if terminate.poll_recv(context).is_ready() {
            return std::task::Poll::Ready(Some("SIGTERM"));
        }
        interrupt.poll_recv(context).map(|_| Some("SIGINT"))
    }))
}

/// Returns the stop signals of this process, by name.
#[cfg(not(unix))]
pub fn stop_signals() -> std::io::Result<impl Stream<Item = &'static str>> {
    Ok(futures_util::stream::unfold((), |()| async {
        tokio::signal::ctrl_c().await.ok().map(|()| ("Ctrl-C", ()))
    }))
}

/// Returns the signals to reload the settings: SIGHUP.
#[cfg(unix)]
pub fn reload_signals() -> std::io::Result<impl Stream<Item = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangup = signal(SignalKind::hangup())?;
    Ok(futures_util::stream::poll_fn(move |context| hangup.poll_recv(context)))
}

/// Returns no signals: this system has no SIGHUP.
#[cfg(not(unix))]
pub fn reload_signals() -> std::io::Result<impl Stream<Item = ()> + Send> {
    Ok(futures_util::stream::pending())
}

#[cfg(test)]
mod tests;
