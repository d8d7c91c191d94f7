//! One worker's loop: step, then wait until the next is due.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Pulse, WorkerResult};

/// The upper bound of the first wait after a failure; it doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(100);
/// The upper bound of any wait after a failure: how long a worker may not know that what it
/// needs is back.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// Failures after which a worker that was told to stop gives up.
const FAILURES_WHILE_ENDING: u32 = 3;
/// For how long, at least, it tries again: what it needs may just have come back, and connections to
/// it that died meanwhile are found out one by one.
const PATIENCE_WHILE_ENDING: Duration = Duration::from_secs(3);

/// What a step did.
#[derive(Debug)]
pub enum Outcome {
    /// Something, and there may be more: step again at once.
    Progressed,
    /// Nothing more for now: step again after this long, or when woken.
    Idle(Duration),
    /// It failed, perhaps in passing: step again after a while. The loop logs the error, so
    /// it must hold no personal text.
    Failed(Box<dyn Error + Send + Sync>),
}

/// When a worker that was told to stop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// After the step under way.
    AfterStep,
    /// Once a step finds nothing more to do.
    WhenIdle,
    /// The same, or once steps keep failing: what is left is durable, and the next start continues it.
    BestEffort,
}

/// Wakes an idle worker before its time. What happens during a step is not missed.
pub trait Wake: Send {
    /// Completes when there may be something to do.
    fn woken(&mut self) -> impl Future<Output = ()> + Send;
}

/// Lets an idle worker wait for its time.
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
            // Nobody is left to change it.
            std::future::pending().await
        }
    }
}

/// Steps until told to stop: at once while there is more to do, after a wait when idle or
/// woken, after an exponential backoff with full jitter (or when woken) if a step failed. A step is never
/// cut off here, so it should take no longer than a process may take to stop. An error means
/// that it was told to stop and could not bring its work to an end.
pub async fn run_worker<S, F>(
    name: &str,
    token: &CancellationToken,
    ending: Ending,
    mut wake: impl Wake,
    pulse: &Pulse,
    mut step: S,
) -> WorkerResult
where
    S: FnMut() -> F,
    F: Future<Output = Outcome>,
{
    let mut failures = 0;
    let mut told_at = None;
    loop {
        let told_to_stop = token.is_cancelled();
        if told_to_stop {
            told_at.get_or_insert_with(Instant::now);
        }
        if told_to_stop && ending == Ending::AfterStep {
            return Ok(());
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
                // A step that never waits must not keep others from their turn.
                tokio::task::yield_now().await;
            }
            Outcome::Idle(_) if told_to_stop => return Ok(()),
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
                let pause = backoff(failures, rand::rng().random());
                let retry_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                warn!(worker.name = name, failures, retry_ms, error = %error, "worker step failed");
                if told_to_stop {
                    let is_patient = told_at.is_none_or(|at| at.elapsed() < PATIENCE_WHILE_ENDING);
                    if failures >= FAILURES_WHILE_ENDING && !is_patient {
                        if ending == Ending::BestEffort {
                            warn!(worker.name = name, "worker ends, its work is left for the next start");
                            return Ok(());
                        }
                        return Err(error);
                    }
                    // Not at once, however the dice fell.
                    tokio::time::sleep(pause.max(BACKOFF)).await;
                } else {
                    // Whatever wakes it may have mended it, too: a commit shows that the database is back.
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

/// The wait after so many failures: `jitter`, from 0 to 1, of a bound that doubles.
fn backoff(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (BACKOFF * 2_u32.pow(doublings)).min(MAX_BACKOFF).mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A step that goes through a script, then tells its token to stop.
    fn scripted(
        script: Vec<Outcome>,
        token: &CancellationToken,
    ) -> (impl FnMut() -> std::future::Ready<Outcome>, Arc<Mutex<Vec<Instant>>>) {
        let times = Arc::new(Mutex::new(Vec::new()));
        let (noted, token) = (Arc::clone(&times), token.clone());
        let mut script = script.into_iter();
        let step = move || {
            noted.lock().unwrap().push(Instant::now());
            std::future::ready(script.next().unwrap_or_else(|| {
                token.cancel();
                Outcome::Idle(Duration::ZERO)
            }))
        };
        (step, times)
    }

    fn gaps(times: &Mutex<Vec<Instant>>) -> Vec<Duration> {
        times.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_durable_is_left_where_it_goes_on_failing() {
        for (ending, ends_well) in [(Ending::BestEffort, true), (Ending::WhenIdle, false)] {
            let token = CancellationToken::new();
            token.cancel();
            let step = || std::future::ready(Outcome::Failed("away".into()));
            let ended = run_worker("w", &token, ending, NeverWoken, &Pulse::new(true), step).await;
            assert_eq!(ended.is_ok(), ends_well, "{ending:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn steps_at_once_while_there_is_more_and_waits_when_idle() {
        let token = CancellationToken::new();
        let script = vec![Outcome::Progressed, Outcome::Idle(Duration::from_secs(60)), Outcome::Progressed];
        let (step, times) = scripted(script, &token);
        run_worker("w", &token, Ending::AfterStep, NeverWoken, &Pulse::new(true), step).await.unwrap();
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
        run_worker("w", &token, Ending::AfterStep, notify, &Pulse::new(true), step).await.unwrap();
        assert_eq!(gaps(&times), [Duration::ZERO]);

        let token = CancellationToken::new();
        let (sender, receiver) = watch::channel(0);
        sender.send(1).unwrap();
        let (step, times) = scripted(vec![hour()], &token);
        run_worker("w", &token, Ending::AfterStep, receiver, &Pulse::new(true), step).await.unwrap();
        assert_eq!(gaps(&times), [Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_worker_is_woken_before_its_time() {
        let token = CancellationToken::new();
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        let (step, times) = scripted(vec![Outcome::Failed("down".into())], &token);
        run_worker("w", &token, Ending::AfterStep, notify, &Pulse::new(true), step).await.unwrap();
        assert_eq!(gaps(&times), [Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_without_sender_wakes_nobody() {
        let token = CancellationToken::new();
        let (sender, receiver) = watch::channel(0);
        drop(sender);
        let (step, times) = scripted(vec![Outcome::Idle(Duration::from_secs(5))], &token);
        run_worker("w", &token, Ending::AfterStep, receiver, &Pulse::new(true), step).await.unwrap();
        assert!(gaps(&times)[0] >= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_or_failing_worker_ends_when_told_to() {
        for outcome in [|| Outcome::Idle(Duration::from_secs(3_600)), || Outcome::Failed("down".into())] {
            let token = CancellationToken::new();
            let worker = {
                let token = token.clone();
                tokio::spawn(async move {
                    run_worker("w", &token, Ending::AfterStep, NeverWoken, &Pulse::new(true), || {
                        std::future::ready(outcome())
                    })
                    .await
                    .unwrap();
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
    async fn a_draining_worker_goes_on_until_it_is_idle() {
        let token = CancellationToken::new();
        token.cancel();
        let script = vec![Outcome::Progressed, Outcome::Failed("once".into()), Outcome::Progressed];
        let (step, times) = scripted(script, &token);
        run_worker("w", &token, Ending::WhenIdle, NeverWoken, &Pulse::new(true), step).await.unwrap();
        assert_eq!(times.lock().unwrap().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_draining_worker_gives_up_after_a_few_failures() {
        let token = CancellationToken::new();
        token.cancel();
        let began = Instant::now();
        let mut steps = 0;
        let step = || {
            steps += 1;
            std::future::ready(Outcome::Failed("down".into()))
        };
        let error =
            run_worker("w", &token, Ending::WhenIdle, NeverWoken, &Pulse::new(true), step).await.unwrap_err();
        assert_eq!(error.to_string(), "down");
        assert!(steps >= FAILURES_WHILE_ENDING, "{steps}");
        let took = began.elapsed();
        assert!(took >= PATIENCE_WHILE_ENDING && took < PATIENCE_WHILE_ENDING + MAX_BACKOFF, "{took:?}");
    }

    #[test]
    fn the_backoff_doubles_up_to_its_cap_and_jitters_down_to_nothing() {
        assert_eq!(backoff(1, 1.0), BACKOFF);
        assert_eq!(backoff(2, 1.0), BACKOFF * 2);
        assert_eq!(backoff(4, 0.5), BACKOFF * 4);
        assert_eq!(backoff(10, 1.0), MAX_BACKOFF);
        assert_eq!(backoff(u32::MAX, 1.0), MAX_BACKOFF);
        assert_eq!(backoff(9, 0.0), Duration::ZERO);
    }
}
