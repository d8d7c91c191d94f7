//! Runs named workers until they are told to stop, and sees when one fails.
//!
//! A process stops in two stages. When a signal arrives, *intake* workers (those that bring
//! work in: a server, a crawler) finish what is under way; if there is a delay, they go on for so long
//! before, while whoever sends work is told to send no more. Once they have ended, or have used
//! their share of the grace period, *drain* workers (those that carry work out: an indexer)
//! finish what was brought in. Whatever still runs when the grace period ends is broken off;
//! a second signal breaks everything off at once. A worker that ends before it was told to
//! stops the whole process, which then ends with an error that names it.
//!
//! It deliberately lacks restarts: a step that fails is retried by [`run_worker`], and a worker
//! that panics is a defect, for whatever runs the process to restart.

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
pub use worker::{Ending, NeverWoken, Outcome, Wake, run_worker};

/// The share of the grace period that intake workers may use, in percent: the rest is kept
/// for the drain, or one stuck client would use it up.
const INTAKE_SHARE_PERCENT: u32 = 75;
/// The share of the grace period that is kept, in percent, for what must be done at the very end.
const LAST_SHARE_PERCENT: u32 = 20;
/// How long broken-off workers have to let go of what they hold.
const LETTING_GO: Duration = Duration::from_secs(1);

/// What a worker ends with.
pub type WorkerResult = Result<(), Box<dyn Error + Send + Sync>>;

/// When a worker is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// First: it brings work in.
    Intake,
    /// When nothing comes in any more: it carries work out.
    Drain,
}

/// Why a process did not end in order.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// A worker ended before it was told to, or with an error.
    #[error("the worker {worker:?} ended: {reason}")]
    Ended {
        /// Its name.
        worker: String,
        /// Its error, or how else it ended.
        reason: String,
    },
    /// Workers had not finished within the grace period.
    #[error("broken off after the grace period: {}", workers.join(", "))]
    GraceExceeded {
        /// Their names.
        workers: Vec<String>,
    },
    /// A second signal came.
    #[error("broken off by a second signal: {}", workers.join(", "))]
    Aborted {
        /// The workers that had not finished.
        workers: Vec<String>,
    },
}

struct Worker {
    name: String,
    stage: Stage,
    task: AbortHandle,
    pulse: Pulse,
}

/// The end of the time that workers have to finish, once they were told to. Clones share it.
#[derive(Clone, Debug)]
pub struct GraceEnd {
    grace: Duration,
    at: Arc<OnceLock<Instant>>,
}

impl GraceEnd {
    /// The time left for work that can be left for the next start, and is better left in good time than broken
    /// off; none before the process stops.
    pub fn left(&self) -> Option<Duration> {
        let end = *self.at.get()? - self.grace * LAST_SHARE_PERCENT / 100;
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
    /// No workers yet. From the first signal on, they have `grace` to finish.
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

    /// After a signal, intake goes on for this long: whoever sends work has notice to send no more.
    pub fn with_delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The end of the grace period, for workers whose rest can be left for the next start.
    pub fn grace_end(&self) -> GraceEnd {
        GraceEnd { grace: self.grace, at: self.grace_end.clone() }
    }

    /// Is cancelled as soon as it is known that the process is to stop.
    pub fn notice(&self) -> CancellationToken {
        self.notice.clone()
    }

    /// Tells how its workers do.
    pub fn watched_by(self, pulses: Pulses) -> Self {
        Self { pulses, ..self }
    }

    /// The pulse of a worker that is about to be started and does its work in steps of its own.
    pub fn pulse(&self, name: &str) -> Pulse {
        self.pulses.of(name, true)
    }

    /// Is cancelled when the workers of a stage are to stop. Cancelling the intake's token
    /// stops the process in order, as a signal does.
    pub fn token(&self, stage: Stage) -> CancellationToken {
        match stage {
            Stage::Intake => self.intake.clone(),
            Stage::Drain => self.drain.clone(),
        }
    }

    /// Starts a worker. It is to end, without an error, soon after its stage's token is
    /// cancelled and not before.
    pub fn spawn<F>(&mut self, name: impl Into<String>, stage: Stage, worker: F)
    where
        F: Future<Output = WorkerResult> + Send + 'static,
    {
        let name = name.into();
        let pulse = self.pulses.of(&name, false);
        let task = self.tasks.spawn(worker);
        self.workers.push(Worker { name, stage, task, pulse });
    }

    /// Starts a worker that does one step after another: see [`run_worker`]. An intake worker
    /// ends after the step under way, a drain worker when it finds nothing more to do.
    pub fn spawn_steps<W, S, F>(&mut self, name: impl Into<String>, stage: Stage, wake: W, step: S)
    where
        W: Wake + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let ending = match stage {
            Stage::Intake => Ending::AfterStep,
            Stage::Drain => Ending::WhenIdle,
        };
        self.spawn_worker(name.into(), stage, ending, wake, step);
    }

    /// Starts a drain worker whose work is durable: where steps keep failing while the process stops, the next
    /// start continues it, and that is no failure.
    pub fn spawn_resumable<W, S, F>(&mut self, name: impl Into<String>, wake: W, step: S)
    where
        W: Wake + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        self.spawn_worker(name.into(), Stage::Drain, Ending::BestEffort, wake, step);
    }

    fn spawn_worker<W, S, F>(&mut self, name: String, stage: Stage, ending: Ending, wake: W, step: S)
    where
        W: Wake + 'static,
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let token = self.token(stage);
        let (worker, pulse) = (name.clone(), self.pulse(&name));
        self.spawn(name, stage, async move { run_worker(&worker, &token, ending, wake, &pulse, step).await });
    }

    /// Runs until every worker has ended. Each item of `signals` is a signal to stop.
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
                        && let Some(error) = self.note_end(ended)
                    {
                        failure.get_or_insert(error);
                        self.intake.cancel();
                    }
                }
                Some(signal) = signals.next() => {
                    if stopping {
                        warn!(signal, "second signal, breaking off");
                        let workers = self.break_off().await;
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
                        let workers = self.break_off().await;
                        error!(workers = workers.join(", "), "grace period ended, breaking off");
                        return Err(failure.unwrap_or(StopError::GraceExceeded { workers }));
                    }
                    let workers = self.abort_intake();
                    warn!(workers = workers.join(", "), "intake did not end in time, breaking it off");
                    failure.get_or_insert(StopError::GraceExceeded { workers });
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Notes that a worker ended; an error if it should not have, or not like this.
    fn note_end(&mut self, ended: Result<(Id, WorkerResult), JoinError>) -> Option<StopError> {
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
            Ok((_, Ok(()))) => "it had not been told to".to_owned(),
            Ok((_, Err(error))) => error.to_string(),
            // Intake that was broken off is named by whoever broke it off.
            Err(error) if error.is_cancelled() => return None,
            Err(_) => "it panicked".to_owned(),
        };
        error!(worker.name = worker, reason, "worker failed, stopping");
        Some(StopError::Ended { worker, reason })
    }

    fn abort_intake(&self) -> Vec<String> {
        let late: Vec<&Worker> = self.workers.iter().filter(|worker| worker.stage == Stage::Intake).collect();
        late.iter().for_each(|worker| worker.task.abort());
        // The drain begins at once: a task that never yields cannot be waited for.
        self.drain.cancel();
        names(late)
    }

    /// Breaks every worker off and names them. One that never yields is left behind.
    async fn break_off(&mut self) -> Vec<String> {
        self.intake.cancel();
        self.drain.cancel();
        let left = names(self.workers.iter());
        let _ = tokio::time::timeout(LETTING_GO, self.tasks.shutdown()).await;
        left
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

/// The signals that ask this process to stop, by name.
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

/// The signals that ask this process to stop, by name.
#[cfg(not(unix))]
pub fn stop_signals() -> std::io::Result<impl Stream<Item = &'static str>> {
    Ok(futures_util::stream::unfold((), |()| async {
        tokio::signal::ctrl_c().await.ok().map(|()| ("Ctrl-C", ()))
    }))
}

/// Tells when this process is asked to read its settings again: SIGHUP.
#[cfg(unix)]
pub fn reload_signals() -> std::io::Result<impl Stream<Item = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangup = signal(SignalKind::hangup())?;
    Ok(futures_util::stream::poll_fn(move |context| hangup.poll_recv(context)))
}

/// Nothing asks for that here.
#[cfg(not(unix))]
pub fn reload_signals() -> std::io::Result<impl Stream<Item = ()> + Send> {
    Ok(futures_util::stream::pending())
}

#[cfg(test)]
mod tests;
