//! The search engine's conformance suite, and what only the embedded engine promises.

mod catching_up;
mod completing;
mod corpus;
mod engine_suite;
mod folders;
mod messages;
mod oracle;
mod suggestions;
