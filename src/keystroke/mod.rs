//! Keystrokes in, one row for each search out.

mod buffer;
mod fold;
mod mask;

pub use buffer::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally,
    KeystrokeBuffer, Wanted,
};
pub use fold::{FoldPolicy, Folded, FoldedSearch, MAX_QUERY_GRAPHEMES, fold};
pub use mask::mask;
