//! Waits for conditions, never for a fixed time.

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::time::timeout;

/// The time limit of a wait, which only ends tests that hang.
///
/// Conditions hold much sooner, also in a debug build on a busy machine.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(300);
/// The interval of polls.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Polls until `poll` returns a value.
pub(crate) async fn until<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = ends(what, poll()).await {
            return found;
        }
        assert!(started.elapsed() < TEST_TIMEOUT, "{what} did not come within {TEST_TIMEOUT:?}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Waits for a future that must complete by itself.
pub(crate) async fn ends<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(TEST_TIMEOUT, work).await.unwrap_or_else(|_| panic!("{what}: no end within {TEST_TIMEOUT:?}"))
}

/// Waits for the next millisecond of this machine's clock.
pub(crate) async fn next_millisecond() {
    let now = Utc::now().timestamp_millis();
    while Utc::now().timestamp_millis() <= now {
        tokio::task::yield_now().await;
    }
}
