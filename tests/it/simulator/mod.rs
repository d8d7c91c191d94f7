//! The unreliable upstream: what it promises to do wrong, and that it does it rightly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod data;
mod paging;
mod plan;
mod serving;
