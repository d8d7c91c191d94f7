//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::time::timeout;

/// A deadline that ends only tests that hang.
///
/// Whatever a test waits for comes much sooner, also in a debug build on a machine whose cores are
/// busy with other work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until `look` finds something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = ends(what, look()).await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not come within {PATIENCE:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits for the end of something that must end by itself.
pub(crate) async fn ends<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("{what}: no end within {PATIENCE:?}"))
}

/// Lets what comes next come in another millisecond, by this machine's clock.
pub(crate) async fn next_millisecond() {
    let now = Utc::now().timestamp_millis();
    while Utc::now().timestamp_millis() <= now {
        tokio::task::yield_now().await;
    }
}
