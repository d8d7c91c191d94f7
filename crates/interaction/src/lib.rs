//! Clicks and conversions on their way into the store: accepted means committed.
//!
//! - `idempotency`: the id of an interaction, so that a repeated request counts once.
//! - `group_commit`: the writer. Interactions that arrive during a transaction share the next one, and with
//!   it the wait for the disk.
//!
//! Deliberately not here: a buffer. An interaction that cannot be stored now is rejected now; the client
//! retries it.

mod group_commit;
mod idempotency;

pub use group_commit::{InteractionWriter, Interactions, RecordError};
pub use idempotency::{IdempotencyKey, InvalidInteraction, NewInteraction};
