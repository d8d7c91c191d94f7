//! The outcomes of a crawl's steps, for progress bars, the log and metrics.

use std::time::Duration;

use uuid::Uuid;

use quarry_domain::{Crawl, PagePosition, SourceName};
use quarry_store::Vanished;

/// The outcome of a step of a crawl.
#[derive(Clone, Debug, PartialEq)]
pub enum StepOutcome {
    /// Another process crawls this source.
    Held {
        /// The other process; `None` if it has just ended.
        holder: Option<Uuid>,
        /// The pause before the next check.
        wait: Duration,
    },
    /// The database is unavailable; the crawl continues at its page afterwards.
    StoreUnavailable {
        /// The error of the database.
        cause: String,
        /// The pause before the next attempt.
        wait: Duration,
    },
    /// The crawl started, or resumed at its page.
    Started {
        /// The crawl.
        crawl: Crawl,
        /// The crawl was interrupted before.
        resumed: bool,
    },
    /// A page was stored.
    PageStored {
        /// The crawl after the page.
        crawl: Crawl,
        /// The position of the page.
        position: PagePosition,
        /// The pass over the upstream, from 1.
        sweep: i32,
        /// Items on the page.
        items: u64,
        /// Invalid items on the page.
        rejected: u64,
        /// The page was the last one of its sweep.
        sweep_ended: bool,
        /// The pause before the next request.
        wait: Duration,
    },
    /// A request failed, or its response was suspect; it will be retried.
    AttemptFailed {
        /// The crawl before the page.
        crawl: Crawl,
        /// The position of the page.
        position: PagePosition,
        /// The cause in the ledger.
        cause: String,
        /// The pause before the next request.
        wait: Duration,
    },
    /// The crawl ended.
    Finished {
        /// The crawl at its end.
        crawl: Crawl,
        /// The documents that vanished upstream.
        vanished: Vanished,
    },
}

impl StepOutcome {
    /// Returns the pause before the next step.
    pub fn wait(&self) -> Duration {
        match self {
            Self::Held { wait, .. }
            | Self::StoreUnavailable { wait, .. }
            | Self::PageStored { wait, .. }
            | Self::AttemptFailed { wait, .. } => *wait,
            Self::Started { .. } | Self::Finished { .. } => Duration::ZERO,
        }
    }
}

/// A receiver of outcomes. The crawler calls it between steps, so it must not block.
pub trait Progress: Send + Sync {
    /// Receives the outcome of a step.
    fn report(&self, source: &SourceName, outcome: &StepOutcome);
}

/// Logs the outcomes.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogProgress;

impl Progress for LogProgress {
    fn report(&self, source: &SourceName, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::Held { .. } => {
                tracing::debug!(source.name = %source, "another process crawls the source")
            }
            StepOutcome::StoreUnavailable { cause, wait } => {
                tracing::warn!(source.name = %source, %cause, wait_ms = wait.as_millis(), "the crawl waits for the store");
            }
            StepOutcome::Started { crawl, resumed } => {
                tracing::info!(source.name = %source, crawl.id = crawl.id.0, crawl.resumed = resumed, "crawl started");
            }
            StepOutcome::PageStored { crawl, position, sweep, items, sweep_ended, .. } => {
                tracing::debug!(
                    source.name = %source, crawl.id = crawl.id.0, page.position = position.0, page.items = items,
                    "page stored"
                );
                if *sweep_ended {
                    tracing::info!(
                        source.name = %source, crawl.id = crawl.id.0, crawl.sweep = sweep,
                        crawl.documents_seen = crawl.documents_seen, crawl.expected_total = crawl.expected_total,
                        "sweep ended"
                    );
                }
            }
            StepOutcome::AttemptFailed { crawl, position, cause, wait } => {
                tracing::debug!(
                    source.name = %source, crawl.id = crawl.id.0, page.position = position.0, %cause,
                    wait_ms = wait.as_millis(), "attempt failed"
                );
            }
            StepOutcome::Finished { crawl, vanished } => {
                tracing::info!(
                    source.name = %source, crawl.id = crawl.id.0, crawl.state = crawl.state.as_str(),
                    crawl.documents_seen = crawl.documents_seen, crawl.inserted = crawl.inserted,
                    crawl.updated = crawl.updated, crawl.deleted = crawl.deleted,
                    vanished.count = vanished.vanished, error = crawl.error, "crawl finished"
                );
            }
        }
    }
}
