//! Keystrokes in, one row for each search out.

mod buffer;
mod local_buffer;

pub use buffer::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally,
    KeystrokeBuffer, Wanted,
};
pub use local_buffer::{LocalBuffer, LocalBufferError};
