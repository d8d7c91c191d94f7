//! The loop of a worker: a step, then a wait for the next.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Pulse, WorkerResult};
use crate::retry::Backoff;

/// The maximum first delay after a failure.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
/// The maximum delay after a failure, and so of noticing that a dependency is back.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
const BACKOFF: Backoff = Backoff::new(MIN_BACKOFF, MAX_BACKOFF);
/// The failures in a row after which a stopping worker gives up.
const STOP_FAILURES: u32 = 3;
/// The minimum time for which a stopping worker retries.
///
/// A dependency may have just come back, and dead connections to it are detected one by one.
const STOP_RETRY_TIME: Duration = Duration::from_secs(3);

/// The outcome of a step.
#[derive(Debug)]
pub enum Outcome {
    /// Work was done, and more may be left: repeat at once.
    Progressed,
    /// No work is left: repeat after this time, or when woken.
    Idle(Duration),
    /// The step failed, perhaps transiently: repeat after a delay.
    ///
    /// The loop logs the error, so it must not contain personal data.
    Failed(Box<dyn Error + Send + Sync>),
}

/// The condition for the end of a stopping worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCondition {
    /// The current step has ended.
    AfterStep,
    /// A step found no work.
    WhenIdle,
    /// A step found no work, or steps keep failing: the next start continues.
    BestEffort,
}

/// Wakes an idle worker. An event during a step wakes it after the step.
pub trait Wake: Send {
    /// Completes when there may be work.
    fn woken(&mut self) -> impl Future<Output = ()> + Send;
}

/// Never wakes an idle worker.
#[derive(Clone, Copy, Debug)]
pub struct NeverWoken;

impl Wake for NeverWoken {
    async fn woken(&mut self) {
        std::future::pending().await
    }
}

impl Wake for Arc<Notify> {
    async fn woken(&mut self) {
        self.notified().await;
    }
}

impl<T: Send + Sync> Wake for watch::Receiver<T> {
    async fn woken(&mut self) {
        if self.changed().await.is_err() {
            // All senders are gone.
            std::future::pending().await
        }
    }
}

/// Repeats a step until the token is cancelled and the stop condition holds.
///
/// The next step follows at once while there is more work, after a pause or when woken if idle, and after
/// an exponential backoff or when woken if the step failed. Steps are never aborted here, so one should
/// not take longer than a shutdown. An error means that the worker could not finish its work.
pub async fn run_worker<S, F>(
    name: &str,
    token: &CancellationToken,
    stop: StopCondition,
    mut wake: impl Wake,
    pulse: &Pulse,
    mut step: S,
) -> WorkerResult
where
    S: FnMut() -> F,
    F: Future<Output = Outcome>,
{
    let mut failures = 0;
    let mut stopping_since = None;
    loop {
        let is_stopping = token.is_cancelled();
        if is_stopping && stop == StopCondition::AfterStep {
            return Ok(());
        }
        if is_stopping {
            stopping_since.get_or_insert_with(Instant::now);
        }
        let outcome = step().await;
        if matches!(outcome, Outcome::Failed(_)) {
            pulse.failed();
        } else {
            pulse.succeeded();
        }
        match outcome {
            Outcome::Progressed => {
                failures = 0;
                // A step that never waits must not starve other tasks.
                tokio::task::yield_now().await;
            }
            Outcome::Idle(_) if is_stopping => return Ok(()),
            Outcome::Idle(pause) => {
                failures = 0;
                tokio::select! {
                    () = token.cancelled() => {}
                    () = wake.woken() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
            Outcome::Failed(error) => {
                failures += 1;
                let pause = BACKOFF.delay(failures, &mut rand::rng());
                let retry_ms = super::millis(pause);
                warn!(worker.name = name, failures, retry_ms, error = %error, "worker step failed");
                if is_stopping {
                    let may_retry = stopping_since.is_none_or(|since| since.elapsed() < STOP_RETRY_TIME);
                    if failures >= STOP_FAILURES && !may_retry {
                        if stop == StopCondition::BestEffort {
                            warn!(worker.name = name, "worker ends, the next start continues its work");
                            return Ok(());
                        }
                        return Err(error);
                    }
                    // The jitter may return a pause of zero.
                    tokio::time::sleep(pause.max(MIN_BACKOFF)).await;
                } else {
                    // The event may show that the dependency is back: a commit needs the database.
                    tokio::select! {
                        () = token.cancelled() => failures = 0,
                        () = wake.woken() => {}
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A step that returns the outcomes of a script, then cancels the token.
    fn scripted(
        script: Vec<Outcome>,
        token: &CancellationToken,
    ) -> (impl FnMut() -> std::future::Ready<Outcome>, Arc<Mutex<Vec<Instant>>>) {
        let times = Arc::new(Mutex::new(Vec::new()));
        let (recorded, token) = (Arc::clone(&times), token.clone());
        let mut script = script.into_iter();
        let step = move || {
            recorded.lock().unwrap().push(Instant::now());
            std::future::ready(script.next().unwrap_or_else(|| {
                token.cancel();
                Outcome::Idle(Duration::ZERO)
            }))
        };
        (step, times)
    }

    async fn run<F>(
        token: &CancellationToken,
        stop: StopCondition,
        wake: impl Wake,
        step: impl FnMut() -> F,
    ) -> WorkerResult
    where
        F: Future<Output = Outcome>,
    {
        run_worker("w", token, stop, wake, &Pulse::new(true), step).await
    }

    fn gaps(times: &Mutex<Vec<Instant>>) -> Vec<Duration> {
        times.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn durable_work_is_postponed_if_it_keeps_failing() {
        for (stop, ends_well) in [(StopCondition::BestEffort, true), (StopCondition::WhenIdle, false)] {
            let token = CancellationToken::new();
            token.cancel();
            let step = || std::future::ready(Outcome::Failed("away".into()));
            let ended = run(&token, stop, NeverWoken, step).await;
            assert_eq!(ended.is_ok(), ends_well, "{stop:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn steps_repeat_at_once_while_there_is_work_and_pause_when_idle() {
        let token = CancellationToken::new();
        let script = vec![Outcome::Progressed, Outcome::Idle(Duration::from_secs(60)), Outcome::Progressed];
        let (step, times) = scripted(script, &token);
        run(&token, StopCondition::AfterStep, NeverWoken, step).await.unwrap();
        let gaps = gaps(&times);
        assert_eq!(gaps.len(), 3);
        assert_eq!(gaps[0], Duration::ZERO);
        assert!(gaps[1] >= Duration::from_secs(60) && gaps[1] < Duration::from_secs(61), "{gaps:?}");
        assert_eq!(gaps[2], Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_during_the_step_is_not_missed() {
        let hour = || Outcome::Idle(Duration::from_secs(3_600));
        let token = CancellationToken::new();
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        let (step, times) = scripted(vec![hour()], &token);
        run(&token, StopCondition::AfterStep, notify, step).await.unwrap();
        assert_eq!(gaps(&times), [Duration::ZERO]);

        let token = CancellationToken::new();
        let (sender, receiver) = watch::channel(0);
        sender.send(1).unwrap();
        let (step, times) = scripted(vec![hour()], &token);
        run(&token, StopCondition::AfterStep, receiver, step).await.unwrap();
        assert_eq!(gaps(&times), [Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_worker_is_woken_during_its_backoff() {
        let token = CancellationToken::new();
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        let (step, times) = scripted(vec![Outcome::Failed("down".into())], &token);
        run(&token, StopCondition::AfterStep, notify, step).await.unwrap();
        assert_eq!(gaps(&times), [Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_without_sender_wakes_no_worker() {
        let token = CancellationToken::new();
        let (sender, receiver) = watch::channel(0);
        drop(sender);
        let (step, times) = scripted(vec![Outcome::Idle(Duration::from_secs(5))], &token);
        run(&token, StopCondition::AfterStep, receiver, step).await.unwrap();
        assert!(gaps(&times)[0] >= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_or_failing_worker_stops_at_once() {
        for outcome in [|| Outcome::Idle(Duration::from_secs(3_600)), || Outcome::Failed("down".into())] {
            let token = CancellationToken::new();
            let worker = {
                let token = token.clone();
                tokio::spawn(async move {
                    let step = || std::future::ready(outcome());
                    run(&token, StopCondition::AfterStep, NeverWoken, step).await.unwrap();
                })
            };
            tokio::task::yield_now().await;
            let before = Instant::now();
            token.cancel();
            worker.await.unwrap();
            assert_eq!(Instant::now(), before);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_draining_worker_continues_until_it_is_idle() {
        let token = CancellationToken::new();
        token.cancel();
        let script = vec![Outcome::Progressed, Outcome::Failed("once".into()), Outcome::Progressed];
        let (step, times) = scripted(script, &token);
        run(&token, StopCondition::WhenIdle, NeverWoken, step).await.unwrap();
        assert_eq!(times.lock().unwrap().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_draining_worker_gives_up_after_a_few_failures() {
        let token = CancellationToken::new();
        token.cancel();
        let started = Instant::now();
        let mut steps = 0;
        let step = || {
            steps += 1;
            std::future::ready(Outcome::Failed("down".into()))
        };
        let error = run(&token, StopCondition::WhenIdle, NeverWoken, step).await.unwrap_err();
        assert_eq!(error.to_string(), "down");
        assert!(steps >= STOP_FAILURES, "{steps}");
        let took = started.elapsed();
        assert!(took >= STOP_RETRY_TIME && took < STOP_RETRY_TIME + MAX_BACKOFF, "{took:?}");
    }
}
