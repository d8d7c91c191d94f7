//! Keystroke buffers and feeds of logged searches.
//!
//! `buffer_*` is the conformance suite, which runs on each implementation; `journal`, `redis_buffer`,
//! `cluster`, `sentinel` and `encrypted` test the properties of one.

mod buffer_health;
mod buffer_limits;
mod buffer_memory;
mod buffer_submissions;
mod buffer_suite;
mod buffers;
mod cluster;
mod encrypted;
mod feeds;
mod journal;
mod redis_buffer;
mod sentinel;
