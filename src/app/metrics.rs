//! Readiness and the metrics of connections, whose parts only the composition root knows.

use std::sync::Arc;
use std::time::Duration;

use super::keystrokes::{BufferBackend, KeystrokePipeline};
use crate::cache::RedisCache;
use crate::http::Readiness;
use crate::search::IndexFollower;
use crate::store::Store;
use crate::supervisor::{NeverWoken, Outcome, Stage, Supervisor};
use quarry_runtime::redis_link::LinkMetrics;

/// The interval of probes of connections that are down.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// Returns the metrics of the Redis connections by purpose; none without Redis.
pub(super) fn redis(
    keystrokes: &KeystrokePipeline,
    cache: Option<&RedisCache>,
) -> Vec<(&'static str, LinkMetrics)> {
    let mut links = Vec::new();
    if let BufferBackend::Redis { buffer, feed } = &keystrokes.backend {
        links.extend(["keystrokes", "flushing"].into_iter().zip(buffer.links()));
        links.extend(["feed_out", "feed_in"].into_iter().zip(feed.links()));
    }
    links.extend(cache.map(|cache| ("cache", cache.link())));
    links
}

/// Starts probes of idle Redis connections, whose recovery no call would discover.
pub(super) fn watch_redis(
    keystrokes: &KeystrokePipeline,
    cache: Option<Arc<RedisCache>>,
    supervisor: &mut Supervisor,
) {
    let (BufferBackend::Redis { buffer, feed }, Some(cache)) = (keystrokes.backend.clone(), cache) else {
        return;
    };
    supervisor.spawn_steps("redis links", Stage::Intake, NeverWoken, move || {
        let (buffer, feed, cache) = (buffer.clone(), feed.clone(), cache.clone());
        async move {
            tokio::join!(buffer.look_again(), feed.look_again(), cache.look_again());
            Outcome::Idle(PROBE_INTERVAL)
        }
    });
}

/// Starts probes of a database that failed, which discover that it accepts writes again.
pub(super) fn watch_store(store: &Store, supervisor: &mut Supervisor) {
    let store = store.clone();
    supervisor.spawn_steps("database", Stage::Intake, NeverWoken, move || {
        let store = store.clone();
        async move {
            store.retry_writes().await;
            Outcome::Idle(PROBE_INTERVAL)
        }
    });
}

/// Creates the readiness check from known states, without waiting for any dependency.
pub(super) fn readiness(index: IndexFollower, store: &Store, keystrokes: &KeystrokePipeline) -> Readiness {
    let (store, file) = (store.clone(), store.clone());
    let (flusher, buffer) = (keystrokes.keystrokes.clone(), keystrokes.backend.clone());
    let indexer = index.clone();
    let replaced = "the database file was deleted or replaced";
    Readiness::new(index)
        .unready_by(Arc::new(move || (!file.is_file_in_place()).then_some(replaced)))
        .degraded_by(Arc::new(move || store.status().trouble()))
        .degraded_by(Arc::new(move || flusher.flush_status.last_error()))
        .degraded_by(Arc::new(move || buffer.last_error()))
        .degraded_by(Arc::new(move || indexer.progress().last_error))
}
