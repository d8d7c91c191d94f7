use async_graphql::SimpleObject;

use super::int;
use crate::scalars::DateTime;
use quarry_keystroke::PipelineHealth;

/// What the logging of searches holds and has done: of all servers where they share a buffer, of this server
/// since its start otherwise.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LoggingHealth {
    /// Searches being typed, or waiting to be logged.
    buffered_searches: i32,
    /// When the first keystroke arrived of what waits longest.
    oldest_buffered_at: Option<DateTime>,
    /// Keystrokes that the buffer took.
    keystrokes_accepted: i32,
    /// Keystrokes that were dropped: too late, over the flood limit, or over what the buffer holds.
    keystrokes_dropped: i32,
    /// Searches that were logged.
    searches_flushed: i32,
    /// Searches that came a second time, after something broke off, and were not logged again.
    duplicates_suppressed: i32,
    /// When searches were last logged.
    last_flush_at: Option<DateTime>,
    /// What keeps this server from logging searches; null if nothing does.
    last_error: Option<String>,
}

impl From<PipelineHealth> for LoggingHealth {
    fn from(health: PipelineHealth) -> Self {
        let buffer = health.buffer;
        Self {
            buffered_searches: int(buffer.runs),
            oldest_buffered_at: buffer.oldest.map(DateTime),
            keystrokes_accepted: int(buffer.accepted),
            keystrokes_dropped: int(buffer.late + buffer.flooded + buffer.full),
            searches_flushed: int(buffer.searches),
            duplicates_suppressed: int(buffer.duplicates),
            last_flush_at: buffer.last_flush.map(DateTime),
            last_error: health.last_error.map(str::to_owned),
        }
    }
}
