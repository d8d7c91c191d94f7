//! What metrics and `/readyz` tell of the parts that only the composition root knows.

use std::sync::Arc;
use std::time::Duration;

use super::keystrokes::KeystrokePipeline;
use super::reports::ReportComponents;
use crate::http::Readiness;
use crate::search::IndexFollower;
use crate::store::Store;
use crate::supervisor::{NeverWoken, Outcome, Stage, Supervisor};
use quarry_runtime::redis_link::LinkMetrics;

/// Between two looks for connections that are down.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The connections to Redis by purpose; none without Redis.
pub(super) fn redis(logging: &KeystrokePipeline, reporting: &ReportComponents) -> Vec<(&'static str, LinkMetrics)> {
    let mut links = Vec::new();
    if let Some(buffer) = &logging.redis_buffer {
        links.extend(["keystrokes", "flushing"].into_iter().zip(buffer.links()));
    }
    if let Some(feed) = logging.redis_feed() {
        links.extend(["feed_out", "feed_in"].into_iter().zip(feed.links()));
    }
    links.extend(reporting.redis_cache.iter().map(|cache| ("cache", cache.link())));
    links
}

/// Starts what finds out that Redis is back: a connection that nobody needs for a while would be told to
/// be down for as long.
pub(super) fn watch_redis(logging: &KeystrokePipeline, reporting: &ReportComponents, supervisor: &mut Supervisor) {
    let (Some(buffer), Some(feed), Some(cache)) =
        (logging.redis_buffer.clone(), logging.redis_feed(), reporting.redis_cache.clone())
    else {
        return;
    };
    supervisor.spawn_steps("redis links", Stage::Intake, NeverWoken, move || {
        let (buffer, feed, cache) = (buffer.clone(), feed.clone(), cache.clone());
        async move {
            tokio::join!(buffer.look_again(), feed.look_again(), cache.look_again());
            Outcome::Idle(LOOK_EVERY)
        }
    });
}

/// Starts what finds out that the database takes writes again.
pub(super) fn watch_store(store: &Store, supervisor: &mut Supervisor) {
    let store = store.clone();
    supervisor.spawn_steps("database", Stage::Intake, NeverWoken, move || {
        let store = store.clone();
        async move {
            store.retry_writes().await;
            Outcome::Idle(LOOK_EVERY)
        }
    });
}

/// Readiness, and what is told with it: neither asks anybody, so neither waits.
pub(super) fn readiness(index: IndexFollower, store: &Store, logging: &KeystrokePipeline) -> Readiness {
    let (store, file) = (store.clone(), store.clone());
    let (keystrokes, buffer) = (logging.keystrokes.clone(), logging.local_buffer());
    let follower = index.clone();
    let gone = "the database file was deleted or replaced";
    Readiness::new(index)
        .unready_by(Arc::new(move || (!file.is_file_in_place()).then_some(gone)))
        .degraded_by(Arc::new(move || store.status().trouble()))
        .degraded_by(Arc::new(move || keystrokes.progress().last_error()))
        .degraded_by(Arc::new(move || buffer.as_ref()?.last_error()))
        .degraded_by(Arc::new(move || follower.progress().last_error))
}
