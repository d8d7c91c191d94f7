use std::sync::{Arc, Mutex};

use futures_util::stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::*;

const GRACE: Duration = Duration::from_secs(20);

/// Events in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<&'static str>>>);

impl Journal {
    fn record(&self, line: &'static str) {
        self.0.lock().unwrap().push(line);
    }
    fn lines(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// Starts a worker that ends `after` its token is cancelled.
fn obedient(
    supervisor: &mut Supervisor,
    name: &'static str,
    stage: Stage,
    after: Duration,
    journal: &Journal,
) {
    let (token, journal) = (supervisor.token(stage), journal.clone());
    supervisor.spawn(name, stage, async move {
        token.cancelled().await;
        tokio::time::sleep(after).await;
        journal.record(name);
        Ok(())
    });
}

/// Signals that the test sends.
fn manual_signals() -> (mpsc::UnboundedSender<&'static str>, UnboundedReceiverStream<&'static str>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, UnboundedReceiverStream::new(receiver))
}

/// A single signal.
fn one_signal() -> impl Stream<Item = &'static str> {
    stream::once(async { "SIGTERM" }).chain(stream::pending())
}

fn no_signal() -> impl Stream<Item = &'static str> {
    stream::pending()
}

#[tokio::test(start_paused = true)]
async fn intake_ends_before_the_drain_begins() {
    let journal = Journal::default();
    let mut supervisor = Supervisor::new(GRACE);
    obedient(&mut supervisor, "index", Stage::Drain, Duration::ZERO, &journal);
    obedient(&mut supervisor, "http", Stage::Intake, Duration::from_secs(3), &journal);
    obedient(&mut supervisor, "crawl", Stage::Intake, Duration::from_secs(1), &journal);
    supervisor.run(one_signal()).await.unwrap();
    assert_eq!(journal.lines(), ["crawl", "http", "index"]);
}

#[tokio::test(start_paused = true)]
async fn the_grace_period_begins_after_the_delay() {
    let delay = Duration::from_secs(7);
    let journal = Journal::default();
    let mut supervisor = Supervisor::new(GRACE).with_delay(delay);
    let (notice, intake) = (supervisor.notice(), supervisor.token(Stage::Intake));
    // The grace period would end it if it included the delay.
    let long = GRACE * INTAKE_SHARE_PERCENT / 100 - Duration::from_secs(1);
    obedient(&mut supervisor, "http", Stage::Intake, long, &journal);
    let started = Instant::now();
    let running = tokio::spawn(supervisor.run(one_signal()));
    notice.cancelled().await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    intake.cancelled().await;
    assert_eq!(started.elapsed(), delay);
    running.await.unwrap().unwrap();
    assert_eq!(started.elapsed(), delay + long);
}

#[tokio::test(start_paused = true)]
async fn a_failed_worker_or_a_second_signal_ends_the_delay() {
    for second in [true, false] {
        let mut supervisor = Supervisor::new(GRACE).with_delay(Duration::from_secs(3_600));
        let started = Instant::now();
        let (signals, received) = manual_signals();
        let stop = supervisor.token(Stage::Intake);
        supervisor.spawn("http", Stage::Intake, async move {
            stop.cancelled().await;
            Ok(())
        });
        supervisor.spawn("index", Stage::Drain, async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            if second { std::future::pending().await } else { Err("broken".into()) }
        });
        signals.send("SIGTERM").unwrap();
        if second {
            signals.send("SIGTERM").unwrap();
        }
        let error = supervisor.run(received).await.unwrap_err();
        let expected = if second {
            "aborted by a second signal: http, index"
        } else {
            "the worker \"index\" ended: broken"
        };
        assert_eq!(error.to_string(), expected);
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_the_intake_starts_an_orderly_shutdown() {
    let journal = Journal::default();
    let mut supervisor = Supervisor::new(GRACE);
    obedient(&mut supervisor, "index", Stage::Drain, Duration::ZERO, &journal);
    let token = supervisor.token(Stage::Intake);
    token.cancel();
    supervisor.run(no_signal()).await.unwrap();
    assert_eq!(journal.lines(), ["index"]);
}

#[tokio::test(start_paused = true)]
async fn the_drain_has_its_share_of_the_grace_when_intake_is_stuck() {
    let journal = Journal::default();
    let mut supervisor = Supervisor::new(GRACE);
    obedient(&mut supervisor, "index", Stage::Drain, Duration::from_secs(4), &journal);
    supervisor.spawn("http", Stage::Intake, std::future::pending());
    let before = Instant::now();
    let error = supervisor.run(one_signal()).await.unwrap_err();
    assert_eq!(error.to_string(), "aborted after the grace period: http");
    assert_eq!(journal.lines(), ["index"]);
    assert_eq!(before.elapsed().as_secs(), 19);
}

#[tokio::test(start_paused = true)]
async fn workers_are_aborted_after_the_grace_period_and_named() {
    let mut supervisor = Supervisor::new(GRACE);
    supervisor.spawn("index", Stage::Drain, std::future::pending());
    supervisor.spawn("flush", Stage::Drain, std::future::pending());
    let before = Instant::now();
    let error = supervisor.run(one_signal()).await.unwrap_err();
    assert!(
        matches!(&error, StopError::GraceExceeded { workers } if workers == &["flush", "index"]),
        "{error}"
    );
    assert_eq!(before.elapsed().as_secs(), GRACE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_aborts_at_once() {
    let mut supervisor = Supervisor::new(GRACE);
    supervisor.spawn("http", Stage::Intake, std::future::pending());
    let stopping = supervisor.token(Stage::Intake);
    let (signal, signals) = manual_signals();
    let run = tokio::spawn(supervisor.run(signals));
    let before = Instant::now();
    signal.send("SIGINT").unwrap();
    stopping.cancelled().await;
    signal.send("SIGINT").unwrap();
    let error = run.await.unwrap().unwrap_err();
    assert!(matches!(&error, StopError::Aborted { workers } if workers == &["http"]), "{error}");
    assert!(before.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_failed_worker_stops_the_others_in_order_and_is_named() {
    let journal = Journal::default();
    let mut supervisor = Supervisor::new(GRACE);
    obedient(&mut supervisor, "http", Stage::Intake, Duration::ZERO, &journal);
    obedient(&mut supervisor, "index", Stage::Drain, Duration::ZERO, &journal);
    supervisor.spawn("crawl", Stage::Intake, async { Err("the disk is full".into()) });
    let error = supervisor.run(no_signal()).await.unwrap_err();
    assert_eq!(error.to_string(), "the worker \"crawl\" ended: the disk is full");
    assert_eq!(journal.lines(), ["http", "index"]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_ends_early_or_panics_is_a_failure() {
    let mut supervisor = Supervisor::new(GRACE);
    supervisor.spawn("http", Stage::Intake, async { Ok(()) });
    let error = supervisor.run(no_signal()).await.unwrap_err();
    assert_eq!(error.to_string(), "the worker \"http\" ended: it stopped before the shutdown");

    let mut supervisor = Supervisor::new(GRACE);
    supervisor.spawn("index", Stage::Drain, async { panic!("a defect") });
    let error = supervisor.run(no_signal()).await.unwrap_err();
    assert_eq!(error.to_string(), "the worker \"index\" ended: it panicked");
}

#[tokio::test(start_paused = true)]
async fn an_error_during_the_shutdown_is_a_failure() {
    let mut supervisor = Supervisor::new(GRACE);
    let token = supervisor.token(Stage::Drain);
    supervisor.spawn("index", Stage::Drain, async move {
        token.cancelled().await;
        Err("the last commit failed".into())
    });
    let error = supervisor.run(one_signal()).await.unwrap_err();
    assert_eq!(error.to_string(), "the worker \"index\" ended: the last commit failed");
}

#[tokio::test(start_paused = true)]
async fn a_drain_worker_that_ends_with_the_intake_is_a_failure() {
    let mut supervisor = Supervisor::new(GRACE);
    let intake = supervisor.token(Stage::Intake);
    let journal = Journal::default();
    obedient(&mut supervisor, "http", Stage::Intake, Duration::from_secs(1), &journal);
    supervisor.spawn("index", Stage::Drain, async move {
        intake.cancelled().await;
        Ok(())
    });
    let error = supervisor.run(one_signal()).await.unwrap_err();
    assert_eq!(error.to_string(), "the worker \"index\" ended: it stopped before the shutdown");
}

#[tokio::test(start_paused = true)]
async fn steps_of_a_drain_worker_repeat_until_no_work_is_left() {
    let mut supervisor = Supervisor::new(GRACE);
    let left = Arc::new(Mutex::new(5));
    let remaining = Arc::clone(&left);
    supervisor.spawn_steps("flush", Stage::Drain, NeverWoken, move || {
        let mut left = remaining.lock().unwrap();
        let outcome =
            if *left == 0 { Outcome::Idle(Duration::from_secs(3_600)) } else { Outcome::Progressed };
        *left = i32::max(*left - 1, 0);
        std::future::ready(outcome)
    });
    supervisor.run(one_signal()).await.unwrap();
    assert_eq!(*left.lock().unwrap(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn signals_of_the_system_arrive() {
    let mut signals = pin!(stop_signals().unwrap());
    let status =
        std::process::Command::new("sh").args(["-c", &format!("kill -TERM {}", std::process::id())]).status();
    assert!(status.unwrap().success());
    assert_eq!(signals.next().await, Some("SIGTERM"));
}
