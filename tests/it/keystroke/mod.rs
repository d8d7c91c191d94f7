//! The keystroke buffer's conformance suite, and what only single adapters promise.

mod buffer_limits;
mod buffer_suite;
mod buffers;
mod journal;
