//! Keystrokes in, one row for each search out.
//!
//! - `buffer`: the seam to what holds keystrokes until they are stored; `local_buffer` in this
//!   process, with a journal, `redis_buffer` for a fleet. `echo`: by what both know a submitted
//!   text again.
//! - `fold`: what a search is: a pure function of a run of keystrokes. `mask`: what is taken out of
//!   its text.
//! - `flusher`: from the buffer to the log; `retention`: out of the log again.
//! - `feed`: tells of searches as they are logged; `local_feed`, `redis_feed`.
//! - `keystrokes`: the way in, and how it all stands (`progress`, `metrics`).
//!
//! Deliberately not here: what is searched, and reports on it.

mod buffer;
mod echo;
mod feed;
mod flusher;
mod fold;
mod keystrokes;
mod local_buffer;
mod local_feed;
mod mask;
mod metrics;
mod progress;
mod redis_buffer;
mod redis_feed;
mod retention;

pub use buffer::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, Erased, FlushTally,
    KeystrokeBuffer, Wanted,
};
pub use feed::{FeedError, SearchFeed};
pub use flusher::{FlushError, FlushStep, Flusher};
pub use fold::{FoldPolicy, Folded, FoldedSearch, MAX_QUERY_GRAPHEMES, fold};
pub use keystrokes::{Keystrokes, PipelineHealth};
pub use local_buffer::{LocalBuffer, LocalBufferError};
pub use local_feed::LocalFeed;
pub use mask::mask;
pub use progress::FlushProgress;
pub use redis_buffer::RedisBuffer;
pub use redis_feed::RedisFeed;
pub use retention::{Retention, RetentionStep};
