//! The crawl of an unreliable upstream: from its pages to documents in the store.
//!
//! | Module | Content |
//! |---|---|
//! | `worker` | the sources of a server, crawled when they are due |
//! | `crawls` | the sources of a server and their crawls, as its API reads and requests them |
//! | `schedule` | the due time of a source (pure) |
//! | `crawler` | the crawl of one source, step by step; `crawler::attempt` is one request for a page |
//! | `cursor` | the position of a crawl, and the decision on its next step (pure) |
//! | `baseline` | the findings of earlier crawls about the list of a source (pure) |
//! | `plan` | the decision on a fetched page: accept, retry, fail (pure) |
//! | `pagination` | the request for a page, and the token of the next one (pure) |
//! | `parents` | the parents of a child source, and the list of each |
//! | `page`, `mapping`, `dates` | from items to documents (pure) |
//! | `upstream` | the interface to an upstream |
//! | `client` | its HTTP adapter: connection, credentials, redirects, and the statements of headers |
//! | `page_body` | the parts of a response's body (pure) |
//! | `pause` | the pause that a response requests (pure) |
//! | `charset`, `json` | the text of a body, and its values with all digits (pure) |
//! | `since` | the value from which a crawl asks for changes only (pure) |
//! | `inspect` | guesses about the JSON of an unknown API (pure) |
//! | `preview` | the first pages of a source, and what is wrong with its settings |
//! | `proposal` | proposed settings for an unknown API |
//! | `attempts` | a few attempts at a request of a preview or a proposal |
//! | `purge` | the removal of a source that is no longer configured |
//! | `lease` | the lease that lets one process of a fleet crawl a source |
//! | `progress`, `metrics` | the outcomes of steps, and their counters |
//!
//! A request passes through them in this order: `worker` → `crawler` → `cursor` (next step) →
//! `pagination` (request) → `client` → `page_body` → `page` and `mapping` (documents) → `plan` (verdict) → store.
//!
//! Independent of the index: the two meet in the store, through revisions.

mod attempts;
mod baseline;
mod charset;
mod client;
mod crawler;
mod crawls;
mod cursor;
mod dates;
#[cfg(test)]
mod fixtures;
mod format;
mod grouped;
mod inspect;
mod json;
mod lease;
mod mapping;
mod metrics;
mod page;
mod page_body;
mod pagination;
mod parents;
mod pause;
mod plan;
mod preview;
mod progress;
mod proposal;
mod purge;
mod schedule;
mod since;
mod upstream;
mod worker;

pub use client::{HttpUpstream, HttpUpstreamError};
pub use crawler::{CrawlError, CrawlOptions, Crawler, RunEnd};
pub use crawls::{CrawlSource, Crawls};
pub use json::Json;
pub use lease::KnownDead;
pub use metrics::CrawlMetrics;
pub use preview::{
    FieldFinding, Outlook, PagePreview, Preview, PreviewError, PreviewProblem, RejectedItems, preview,
    preview_configured, preview_source,
};
pub use progress::{LogProgress, Progress, StepOutcome};
pub use proposal::{Proposal, ProposalError, ProposalRequest, propose};
pub use purge::{PurgeError, purge};
pub use upstream::{FetchError, FetchedPage, NextPage, Stated, Upstream, UpstreamItem, UpstreamRequest};
pub use worker::{CrawlSources, CrawlWorker};
