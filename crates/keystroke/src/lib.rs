//! Keystrokes in, one row for each search out.
//!
//! - `buffer`: the interface of the buffers that hold keystrokes until their searches are stored.
//!   `local_buffer` is embedded, with a journal; `redis_buffer` serves a fleet. `digest` identifies
//!   submitted texts in both, `keystroke_details` encodes properties of keystrokes.
//! - `fold`: a pure function from a run of keystrokes and the `remembered` search to its searches. `mask` removes personal data from
//!   their texts.
//! - `exclusions`: input that is not logged.
//! - `flusher`: from the buffer to the log; `retention`: deletes old searches from the log.
//! - `feed`: announces logged searches; `local_feed`, `redis_feed`.
//! - `pipeline`: the parts that a server shares; `flush_status`, `metrics`.
//!
//! Deliberately not here: searching, and reports on searches.

mod buffer;
mod digest;
mod exclusions;
mod feed;
#[cfg(test)]
mod fixtures;
mod flush_status;
mod flusher;
mod fold;
mod keystroke_details;
mod local_buffer;
mod local_feed;
mod mask;
mod metrics;
mod pipeline;
mod redis_buffer;
mod redis_feed;
mod remembered;
mod retention;

pub use buffer::{
    AppendOutcome, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimScope, ClaimedRun, DueReason,
    Erasure, FlushCounts, KeystrokeBuffer, Settlement,
};
pub use exclusions::{Exclusions, Sender};
pub use feed::{FeedError, SearchFeed};
pub use flush_status::FlushStatus;
pub use flusher::{FlushError, FlushStep, Flusher};
pub use fold::{FoldOutcome, FoldPolicy, MAX_QUERY_GRAPHEMES, fold};
pub use local_buffer::{LocalBuffer, LocalBufferError};
pub use local_feed::LocalFeed;
pub use mask::Mask;
pub use pipeline::{Keystrokes, PipelineHealth};
pub use redis_buffer::RedisBuffer;
pub use redis_feed::RedisFeed;
pub use remembered::{FoldedSearch, RememberedSearch, SearchTrace};
use remembered::{SearchContexts, SearchInContext};
pub use retention::{Retention, RetentionStep};
