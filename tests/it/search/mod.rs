//! The search engine's conformance suite, and what only the embedded engine promises.

mod corpus;
mod engine_suite;
mod folders;
mod messages;
mod oracle;
