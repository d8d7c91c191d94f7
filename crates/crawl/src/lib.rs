//! The crawl: from an unreliable upstream's pages to documents in the store.
//!
//! | Module | What it does |
//! |---|---|
//! | `worker` | which sources a server crawls, and when |
//! | `schedule` | when a source is due (pure) |
//! | `crawler` | one source: one request per step, each written down |
//! | `crawler::attempt` | one request for one page |
//! | `cursor` | where a crawl stands, and what it does next (pure) |
//! | `plan` | what to make of an answer: take it, ask again, give up (pure) |
//! | `pagination` | where pages are (pure) |
//! | `page_reading`, `mapping`, `published` | from items to documents (pure) |
//! | `upstream` | the seam to the upstream; `client` is its HTTP adapter |
//! | `page_body`, `link_header` | what an answer holds (pure) |
//! | `lease` | one process of a fleet crawls a source |
//! | `progress`, `metrics` | what a crawl tells while it runs, and its counters |
//!
//! It knows nothing of the index: the two meet in the store, through revisions.

mod client;
mod crawler;
mod cursor;
mod lease;
mod link_header;
mod mapping;
mod metrics;
mod page_body;
mod page_reading;
mod pagination;
mod plan;
mod progress;
mod published;
mod redirect;
mod schedule;
mod upstream;
mod worker;

pub use client::{HttpUpstream, HttpUpstreamError};
pub use crawler::{CrawlError, CrawlOptions, Crawler, RunEnd};
pub use lease::KnownDead;
pub use metrics::CrawlMetrics;
pub use progress::{LogProgress, Progress, StepOutcome};
pub use upstream::{FetchError, FetchedPage, Next, PageRequest, Upstream};
pub use worker::{CrawlSource, CrawlWorker};
