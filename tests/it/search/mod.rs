//! The conformance suite of search engines, tests of tantivy's folder, and suggestions.

mod any_text;
mod attributes;
mod busy_engine;
mod catching_up;
mod commits;
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
mod searches;
mod suggestions;
mod texts;
mod variants;
