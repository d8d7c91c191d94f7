//! End-to-end tests: the program as processes, its settings in files, GraphQL over HTTP.

mod cached_searches;
mod clients;
mod cluster_copies;
mod commands;
mod crawling;
mod demo;
mod exporting;
mod fleet;
mod keys;
mod popularity;
mod proposals;
mod proposed_paging;
mod proposed_positions;
mod proposed_queries;
mod releases;
mod reloading;
mod reporting;
mod rules;
mod searching;
mod seeding;
mod shrinking;
mod sources;
mod try_source;
