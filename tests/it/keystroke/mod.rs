//! The keystroke buffer's conformance suite, and what only single adapters promise; feeds of
//! logged searches.

mod buffer_health;
mod buffer_limits;
mod buffer_submissions;
mod buffer_suite;
mod buffers;
mod feeds;
mod journal;
mod redis_buffer;
