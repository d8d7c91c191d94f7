//! quarry crawls an unreliable JSON API, makes it searchable in well under a millisecond, serves
//! it as GraphQL, and logs what people search for. One binary; this library is all of it.
//!
//! # Map
//!
//! Floors, top down: a module imports from floors below its own only, and neighbours on one
//! floor do not know each other. `cli`, `app` and `http` are modules of this package; the others are
//! crates of their own in `crates/`, so that a change recompiles its own floor and those above it.
//! `tests/it/architecture.rs` keeps it so.
//!
//! | Floor | Module | What is there |
//! |---|---|---|
//! | 7 | [`cli`] | one module a command |
//! | 6 | [`app`] | the composition root: alone names concrete adapters |
//! | 5 | [`http`] | paths, who may ask from where, documents by name, GraphQL over HTTP and WebSocket, health, GraphiQL |
//! | 4 | [`graphql`] | the public contract: schema, loaders, limits, error codes |
//! | 3 | [`crawl`] | upstream → store: pages, retries, ledger, completeness |
//! | 3 | [`search`] | store → index → hits: analysis, engine, indexer, suggestions |
//! | 3 | [`keystroke`] | keystrokes → searches: buffers, the fold, the flusher, the feed |
//! | 3 | [`interaction`] | clicks and conversions → store: many callers, one transaction |
//! | 3 | [`report`] | store → cache → reports of searches and sales, and what adds up in the background |
//! | 3 | [`simulator`] | an unreliable upstream, for the demo and for tests |
//! | 3 | [`load_test`] | virtual users who type against a server, and the verification of its search log |
//! | 2 | [`store`] | the truth: documents, crawls, ledger, leases, logged searches, in three databases |
//! | 2 | [`cache`] | answers that are kept for a while, in process or in Redis; cache-aside |
//! | 2 | [`access`] | API keys, client addresses behind proxies, rate limits |
//! | 1 | [`config`] | settings: raw, then resolved, then shown |
//! | 1 | `runtime`: [`retry`], [`supervisor`], [`telemetry`], [`instance`], [`permissions`], [`memory`], `metrics`, `redis_link` | generic; know nothing of this product |
//! | 0 | [`domain`] | newtypes and plain records |
//!
//! # Journeys
//!
//! **A crawl.** [`crawl::CrawlWorker`] finds a source due, or [`app::crawl`] starts one on request.
//! [`crawl::Crawler::step`] writes the attempt down, asks [`crawl::Upstream`] for a page, and lets
//! pure functions decide: take it, ask again, end the sweep. [`store::Store::commit_page`] keeps
//! documents, ledger entry and cursor in one transaction, so an interrupted crawl resumes at its
//! page. A document that changed gets the next [`domain::Revision`] from a locked counter row:
//! commit order is revision order. Only a complete crawl removes what vanished upstream.
//!
//! **From the store to the index.** [`search::Indexer::step`] reads the changes above the watermark
//! that the index itself keeps, applies them and moves it. Restart, rebuild and a new replica are
//! this one path; each server owns its index.
//!
//! **A search.** `POST /graphql` → [`access::AccessControl`] verifies the key → [`http::router`]
//! reads the body under its limit → [`graphql::Api`] parses, checks limits and scopes, executes → [`search::SearchEngine::search`] answers from the
//! index alone, hits and all. Relations go to the store through loaders, one query a level. With the
//! database down, searches continue and relations fail with `STORE_UNAVAILABLE`.
//!
//! **A keystroke.** `logKeystroke` → [`keystroke::KeystrokeBuffer::append`], one round trip and no
//! policy → accepted. [`keystroke::Flusher::step`] on every server claims the runs that are due,
//! [`keystroke::fold()`] says what was searched for, [`store::Store::log_searches`] stores it with the
//! sums of reports in one transaction, and only then is the claim acknowledged. Ids derive from the
//! claim: whatever is killed wherever, each search is stored once.
//!
//! **A click or a sale.** `recordInteraction` → [`interaction::Interactions::record`] → what has
//! gathered goes into one transaction of [`store::Store::record_interactions`], sums of reports and
//! all, and only then is each caller answered: accepted means committed. Ids derive from what the
//! client sends, so a request that is repeated counts once.
//!
//! **A report.** [`report::Reports`] asks [`cache::CacheAside`]: a fresh answer is a hit, an expired one
//! is computed once for all who ask, in this process and across servers. The [`store`] adds up whole
//! days, hours and quarters that its writing transactions keep, and reads rows only at the two ends
//! of a period; [`store::Store::roll_up_searches`] aggregates days in the background. With the cache down, each
//! server computes; with the database down, the last good answer says that it is stale.
//!
//! **A mutation.** `indexDocuments` checks every document before it stores any, waits until this
//! server's index has applied the revision, and answers what the store holds.
//!
//! # What is nowhere
//!
//! No `unsafe`. No sea-orm type outside [`store`], no tantivy type outside
//! [`search::tantivy_engine`], no redis outside `redis_link` and the adapters on it, no reqwest outside the
//! clients of the crawl and the load test. No environment variable is read outside [`config`]. No text
//! that people typed or wrote, and no id of theirs, is in a log line, a metric or an error's
//! internals.

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
