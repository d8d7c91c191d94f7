//! Keystrokes in, one row for each search out.

mod buffer;
mod local_buffer;
mod redis_buffer;
mod redis_link;

pub use buffer::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally,
    KeystrokeBuffer, Wanted,
};
pub use local_buffer::{LocalBuffer, LocalBufferError};
pub use redis_buffer::RedisBuffer;
