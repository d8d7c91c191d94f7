//! Every test that needs more than one module, in one binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod abuse;
mod architecture;
mod cache;
mod config;
mod crawl;
mod data_folder;
mod documentation;
mod failure;
mod graphql;
mod interaction;
mod journeys;
mod keystroke;
mod load_test;
mod operating;
mod report;
mod schema;
mod search;
mod simulator;
mod store;
mod support;
