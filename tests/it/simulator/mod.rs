//! The simulated upstream: its fault plans, pagination and injected faults.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod data;
mod paging;
mod plan;
mod serving;
