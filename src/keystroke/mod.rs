//! Keystrokes in, one row for each search out.

mod buffer;

pub use buffer::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally,
    KeystrokeBuffer, Wanted,
};
