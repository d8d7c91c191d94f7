//! Clicks and conversions on their way into the store: accepted means committed.
//!
//! - `identity`: which interaction a request stands for, so that a request that is repeated counts
//!   once.
//! - `writer`: the group commit. What callers bring while one transaction commits goes into the
//!   next, so that the disk is waited for once for many.
//!
//! Deliberately not here: a buffer. An interaction that cannot be stored now is refused now, and
//! whoever brings it keeps it.

mod group_commit;
mod idempotency;

pub use group_commit::{InteractionWriter, Interactions, RecordError};
pub use idempotency::{IdempotencyKey, InvalidInteraction, NewInteraction};
