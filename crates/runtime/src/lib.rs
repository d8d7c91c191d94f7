//! Generic parts of a long-running service, independent of this product.

pub mod instance;
pub mod memory;
pub mod metrics;
pub mod permissions;
pub mod redis_link;
pub mod retry;
pub mod supervisor;
pub mod task;
pub mod telemetry;

/// Boxes the future of a public asynchronous function.
///
/// A future is compiled where it is polled, together with all that it awaits: unboxed, each crate that
/// calls the store would compile the store's queries, and the server would compile all of its crates again.
pub use async_recursion::async_recursion as boxed;
