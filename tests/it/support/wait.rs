//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

use chrono::Utc;

/// How long something may take that should take moments: the program is a debug build, and the
/// machine may be busy with a hundred other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until `look` finds something. Fails, saying what did not come, after `patience`.
pub(crate) async fn within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < patience, "waited {patience:?} in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks until `look` finds something that should come soon.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// Lets what comes next come in another millisecond, by this machine's clock.
pub(crate) async fn next_millisecond() {
    let now = Utc::now().timestamp_millis();
    while Utc::now().timestamp_millis() <= now {
        tokio::task::yield_now().await;
    }
}
