//! What a user does, done as a user does it: the program as processes, its settings in files,
//! GraphQL over HTTP.

mod clients;
mod commands;
mod crawling;
mod demo;
mod fleet;
mod keys;
mod releases;
mod reporting;
mod searching;
mod seeding;
mod shrinking;
