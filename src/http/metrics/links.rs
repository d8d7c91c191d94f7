//! The connections to Redis.

use std::sync::Arc;

use super::page::{Page, flag, label};

/// How a connection to Redis stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisFigures {
    /// What the connection is for: a fixed word.
    pub purpose: &'static str,
    /// The last call was answered, or there was none yet.
    pub is_up: bool,
    /// How often it was connected, or tried to.
    pub attempts: u64,
}

/// Tells how connections to Redis stand.
pub type RedisWatch = Arc<dyn Fn() -> Vec<RedisFigures> + Send + Sync>;

/// How the connections stand.
pub(super) fn tell(page: &mut Page, watches: &[RedisWatch]) {
    let links: Vec<RedisFigures> = watches.iter().flat_map(|watch| watch()).collect();
    if links.is_empty() {
        return;
    }
    page.gauges(
        "redis_up",
        "Whether Redis answered the last call on the connection; 1 before the first. Where it did not, it is asked again every second",
        links.iter().map(|link| (label("purpose", link.purpose), flag(link.is_up))).collect(),
    );
    page.counts(
        "redis_connects_total",
        "How often the connection was made, or tried to: more than once means that it broke",
        links.iter().map(|link| (label("purpose", link.purpose), link.attempts)).collect(),
    );
}
