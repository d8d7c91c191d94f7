//! The conformance suite of search engines, tests of tantivy's folder, and suggestions.

mod any_text;
mod attributes;
mod busy_engine;
mod catching_up;
mod comparison;
mod completing;
mod corpus;
mod engine_suite;
mod engines;
mod folders;
mod kinds;
mod messages;
pub(crate) mod opensearch;
mod oracle;
mod rules;
mod suggestions;
mod texts;
