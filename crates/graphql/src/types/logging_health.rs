use async_graphql::SimpleObject;

use super::int;
use crate::scalars::DateTime;
use quarry_keystroke::PipelineHealth;

/// The state of search logging: of all servers if they share a buffer, otherwise of this server since its start.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LoggingHealth {
    /// The number of searches that are being typed or wait to be logged.
    buffered_searches: i32,
    /// The time of the oldest keystroke in the buffer; null if the buffer is empty.
    oldest_buffered_at: Option<DateTime>,
    /// The number of keystrokes that the buffer stored.
    keystrokes_accepted: i32,
    /// The number of dropped keystrokes: late ones, and those over the flood limit or the capacity of the buffer.
    keystrokes_dropped: i32,
    /// The number of logged searches.
    searches_flushed: i32,
    /// The number of searches that were delivered again after a failure and not logged twice.
    duplicates_suppressed: i32,
    /// The time at which searches were last logged.
    last_flush_at: Option<DateTime>,
    /// The error that prevents this server from logging searches; null if there is none.
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
