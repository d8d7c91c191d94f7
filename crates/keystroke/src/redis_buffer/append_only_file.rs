//! The append-only file of Redis, with which a restart loses no keystrokes.

use std::time::Duration;

use redis::{FromRedisValue, cmd};
use tracing::warn;

use quarry_runtime::redis_link::Link;

/// Attempts to start a rewrite while another one runs, and the pause after each.
const REWRITE_ATTEMPTS: u32 = 20;
const REWRITE_PAUSE: Duration = Duration::from_millis(250);

/// Logs if Redis may lose keystrokes.
pub(super) async fn check(link: &Link) {
    let mut questions = redis::Pipeline::new();
    for setting in ["appendonly", "maxmemory-policy"] {
        questions.add_command(cmd("CONFIG").arg("GET").arg(setting).clone());
    }
    // Servers without CONFIG are not checked.
    let Ok(answers) = link.send(&mut questions, link.deadline()).await else { return };
    let values: Vec<String> = answers
        .into_iter()
        .filter_map(|answer| <Vec<(String, String)>>::from_redis_value(answer.ok()?).ok()?.pop())
        .map(|(_, value)| value)
        .collect();
    if values.iter().any(|value| value == "no") {
        warn!(
            redis.appendonly = "no",
            "redis keeps no append-only file: its restart loses buffered keystrokes"
        );
    }
    if let Some(policy) = values.iter().find(|value| value.starts_with("allkeys-")) {
        warn!(redis.maxmemory_policy = policy, "redis may evict buffered keystrokes when its memory is full");
    }
}

/// Lets Redis rewrite the file, which has erased texts until then.
///
/// Redis refuses without the right to do so, and while an earlier rewrite runs, which misses the last erasure.
pub(super) async fn rewrite(link: &Link) {
    for _ in 0..REWRITE_ATTEMPTS {
        let mut rewrite = redis::Pipeline::new();
        rewrite.add_command(cmd("BGREWRITEAOF"));
        let answers = link.send(&mut rewrite, link.deadline()).await.unwrap_or_default();
        match answers.into_iter().next() {
            Some(Ok(_)) => return,
            Some(Err(error)) if error.detail().is_some_and(|detail| detail.contains("in progress")) => {
                tokio::time::sleep(REWRITE_PAUSE).await;
            }
            _ => break,
        }
    }
    warn!("redis was not made to rewrite its append-only file: erased texts remain in it until it does");
}
