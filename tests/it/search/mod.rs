//! The conformance suite of search engines, tests of tantivy's folder, and suggestions.

mod busy_engine;
mod catching_up;
mod completing;
mod corpus;
mod engine_suite;
mod folders;
mod kinds;
mod messages;
mod oracle;
mod rules;
mod suggestions;
mod texts;
