//! What metrics and `/readyz` tell of the parts that only the composition root knows.

use std::sync::Arc;

use super::logging::Logging;
use super::reporting::Reporting;
use crate::http::{Readiness, RedisFigures, RedisWatch};
use crate::keystroke::Keystrokes;
use crate::redis_link::LinkFigures;
use crate::search::IndexFollower;
use crate::store::Store;

/// The connections to Redis; none where there is no Redis.
pub(super) fn redis(logging: &Logging, reporting: &Reporting) -> Vec<RedisWatch> {
    let mut watches: Vec<RedisWatch> = Vec::new();
    if let Some(buffer) = logging.redis_buffer.clone() {
        watches.push(Arc::new(move || {
            let [front, back] = buffer.links();
            vec![told("keystrokes", front), told("flushing", back)]
        }));
    }
    if let Some(feed) = logging.redis_feed() {
        watches.push(Arc::new(move || {
            let [out, heard] = feed.links();
            vec![told("feed_out", out), told("feed_in", heard)]
        }));
    }
    if let Some(cache) = reporting.redis_cache.clone() {
        watches.push(Arc::new(move || vec![told("cache", cache.link())]));
    }
    watches
}

/// Readiness, and what is told with it: neither asks anybody, so neither waits.
pub(super) fn readiness(index: IndexFollower, store: &Store, keystrokes: &Keystrokes) -> Readiness {
    let (store, keystrokes) = (store.clone(), keystrokes.clone());
    Readiness::new(index)
        .telling(Arc::new(move || (!store.figures().is_up).then_some("The database cannot be reached.")))
        .telling(Arc::new(move || keystrokes.progress().last_error()))
}

fn told(purpose: &'static str, link: LinkFigures) -> RedisFigures {
    RedisFigures { purpose, is_up: link.is_up, attempts: link.attempts }
}
