//! quarry: see the map below.

pub mod app;
pub mod cli;
pub mod config;
pub mod crawl;
pub mod domain;
pub mod graphql;
pub mod http;
pub mod instance;
pub mod retry;
pub mod search;
pub mod simulator;
pub mod store;
pub mod supervisor;
pub mod telemetry;
