//! Clicks and conversions on their way into the store: accepted means committed.
//!
//! - `identity`: which interaction a request stands for, so that a request that is repeated counts
//!   once.
//! - `writer`: the group commit. What callers bring while one transaction commits goes into the
//!   next, so that the disk is waited for once for many.
//!
//! Deliberately not here: a buffer. An interaction that cannot be stored now is refused now, and
//! whoever brings it keeps it.

mod identity;
mod writer;

pub use identity::{IdempotencyKey, InvalidInteraction, NewInteraction};
pub use writer::{InteractionWriter, Interactions, RecordError};
