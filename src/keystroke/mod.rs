//! Keystrokes in, one row for each search out.

mod buffer;
mod feed;
mod local_buffer;
mod local_feed;
mod redis_buffer;
mod redis_feed;
mod redis_link;

pub use buffer::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally,
    KeystrokeBuffer, Wanted,
};
pub use feed::{FeedError, SearchFeed};
pub use local_buffer::{LocalBuffer, LocalBufferError};
pub use local_feed::LocalFeed;
pub use redis_buffer::RedisBuffer;
pub use redis_feed::RedisFeed;
