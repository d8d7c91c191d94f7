//! quarry crawls an unreliable JSON API, makes it searchable in well under a millisecond, serves
//! it as GraphQL, and logs completed searches. One binary; this library is all of it.
//!
//! # Map
//!
//! A module imports only from floors below its own; modules on one floor do not know each other. `cli`,
//! `app` and `http` are modules of this package; the others are crates in `crates/`, so that a change
//! recompiles its own floor and those above it. `tests/it/architecture.rs` enforces it.
//!
//! | Floor | Module | Content |
//! |---|---|---|
//! | 7 | [`cli`] | one module per command |
//! | 6 | [`app`] | the composition root, which alone names concrete adapters |
//! | 5 | [`http`] | routes, CORS and host checks, persisted documents, GraphQL over HTTP and WebSocket, health, GraphiQL |
//! | 4 | [`graphql`] | the public contract: schema, loaders, limits, error codes |
//! | 3 | [`crawl`] | upstream → store: pages, retries, ledger, completeness |
//! | 3 | [`search`] | store → index → hits: analysis, engine, indexer, suggestions |
//! | 3 | [`keystroke`] | keystrokes → searches: buffers, fold, flusher, feed |
//! | 3 | [`interaction`] | clicks and conversions → store, in shared transactions |
//! | 3 | [`report`] | store → cache → reports of searches and sales |
//! | 3 | [`simulator`] | an unreliable upstream, for the demo and for tests |
//! | 3 | [`load_test`] | virtual users who type against a server, and the verification of its search log |
//! | 2 | [`store`] | documents, crawls, ledger, leases, logged searches, in three databases |
//! | 2 | [`cache`] | cache-aside, in process or in Redis |
//! | 2 | [`access`] | API keys, client addresses behind proxies, rate limits |
//! | 1 | [`config`] | settings: parsed, resolved, printed |
//! | 1 | `runtime`: [`retry`], [`supervisor`], [`telemetry`], [`instance`], [`permissions`], [`memory`], `metrics`, `redis_link` | generic, without knowledge of this product |
//! | 0 | [`domain`] | newtypes and plain records |
//!
//! # Journeys
//!
//! `ARCHITECTURE.md` follows a page of an upstream, a search and a keystroke. The others:
//!
//! **A click or a sale.** `recordInteraction` → [`interaction::Interactions::record`] → one transaction of
//! [`store::Store::record_interactions`] for concurrent callers; then each
//! caller is answered, so accepted means committed. Ids derive from the input, so a retry counts once.
//!
//! **A report.** [`report::Reports::get`] uses [`cache::CacheAside`]: an expired report is computed once for
//! all concurrent callers, in this process and across servers. Reports of searches sum the counts of hours
//! and quarters, which writing transactions maintain, and of days, which the roll-up worker derives; they read
//! rows only at the two ends of a period. Reports by category read interactions by an index. With the cache
//! unavailable, each server computes; with the database unavailable, the last good report is stale.
//!
//! **A mutation of documents.** `indexDocuments` validates all documents before it stores any, waits until
//! this server's index has applied the revision, and returns the stored documents.
//!
//! # Invariants
//!
//! No `unsafe`. No sea-orm type outside [`store`], no tantivy type outside
//! [`search::tantivy_engine`], no redis outside `redis_link` and its adapters, no reqwest outside the HTTP
//! clients of crawls, load tests and telemetry. Only [`config`] reads environment variables. Log lines, metrics
//! and internals of errors contain neither typed text nor ids of users.

pub mod app;
pub mod cli;
pub mod http;

pub use quarry_runtime::{instance, memory, permissions, retry, supervisor, telemetry};
pub use {
    quarry_access as access, quarry_cache as cache, quarry_config as config, quarry_crawl as crawl,
    quarry_domain as domain, quarry_graphql as graphql, quarry_interaction as interaction,
    quarry_keystroke as keystroke, quarry_load_test as load_test, quarry_report as report,
    quarry_search as search, quarry_simulator as simulator, quarry_store as store,
};
