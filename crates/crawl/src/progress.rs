//! What a crawl tells while it runs: for a progress bar, for plain lines, for the log.

use std::time::Duration;

use uuid::Uuid;

use quarry_domain::{Crawl, PagePosition, SourceName};
use quarry_store::Vanished;

/// What one step of a crawl did.
#[derive(Clone, Debug, PartialEq)]
pub enum StepOutcome {
    /// Another process crawls this source.
    Held {
        /// Which one; none if it has just ended.
        holder: Option<Uuid>,
        /// When to look again.
        wait: Duration,
    },
    /// The database is away; the crawl goes on where it was when it is back.
    StoreDown {
        /// What the database said.
        cause: String,
        /// When to try again.
        wait: Duration,
    },
    /// The crawl was begun, or taken up where it was cut off.
    Begun {
        /// The crawl.
        crawl: Crawl,
        /// It was cut off before.
        resumed: bool,
    },
    /// A page was stored.
    PageTaken {
        /// The crawl after it.
        crawl: Crawl,
        /// Which page.
        position: PagePosition,
        /// The pass over the upstream, from 1.
        sweep: i32,
        /// Items on the page.
        items: u64,
        /// Those of them that could not be taken.
        rejected: u64,
        /// It was the last page of its sweep.
        sweep_ended: bool,
        /// The pause before the next request.
        wait: Duration,
    },
    /// A request failed, or its answer was doubtful; it will be made again.
    AttemptFailed {
        /// The crawl, as it was when the page was begun.
        crawl: Crawl,
        /// Which page.
        position: PagePosition,
        /// What went wrong, as the ledger says it.
        cause: String,
        /// The pause before the next request.
        wait: Duration,
    },
    /// The crawl ended.
    Finished {
        /// The crawl as it ended.
        crawl: Crawl,
        /// What became of documents that vanished upstream.
        vanished: Vanished,
    },
}

impl StepOutcome {
    /// The pause before the next step.
    pub fn wait(&self) -> Duration {
        match self {
            Self::Held { wait, .. }
            | Self::StoreDown { wait, .. }
            | Self::PageTaken { wait, .. }
            | Self::AttemptFailed { wait, .. } => *wait,
            Self::Begun { .. } | Self::Finished { .. } => Duration::ZERO,
        }
    }
}

/// Somebody who is told how a crawl goes on. Called between steps: must not block.
pub trait Progress: Send + Sync {
    /// Tells what a step did.
    fn report(&self, source: &SourceName, outcome: &StepOutcome);
}

/// Tells the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogProgress;

impl Progress for LogProgress {
    fn report(&self, source: &SourceName, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::Held { .. } => tracing::debug!(source.name = %source, "crawled by another process"),
            StepOutcome::StoreDown { cause, wait } => {
                tracing::warn!(source.name = %source, %cause, wait_ms = wait.as_millis(), "crawl waits for the store");
            }
            StepOutcome::Begun { crawl, resumed } => {
                tracing::info!(source.name = %source, crawl.id = crawl.id.0, crawl.resumed = resumed, "crawl begun");
            }
            StepOutcome::PageTaken { crawl, position, sweep, items, sweep_ended, .. } => {
                tracing::debug!(
                    source.name = %source, crawl.id = crawl.id.0, page.position = position.0, page.items = items,
                    "page taken"
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
