//! Counts what crawls do, source by source, and passes it on.

use std::sync::Arc;

use super::progress::{Progress, StepOutcome};
use quarry_domain::{CrawlState, SourceName};
use quarry_runtime::figures::Count;

/// Counts of the sources of a server. Clones share them.
#[derive(Clone)]
pub struct CrawlTally {
    sources: Arc<[(SourceName, Counts)]>,
    next: Arc<dyn Progress>,
}

#[derive(Default)]
struct Counts {
    pages: Count,
    items: Count,
    rejected: Count,
    failed_attempts: Count,
    completed: Count,
    incomplete: Count,
    failed: Count,
}

/// What crawls of a source did on this server since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlFigures {
    /// The source.
    pub source: SourceName,
    /// Pages that were stored.
    pub pages: u64,
    /// Items on them.
    pub items: u64,
    /// Items that could not be taken.
    pub rejected: u64,
    /// Requests that brought no page.
    pub failed_attempts: u64,
    /// Crawls that ended complete.
    pub completed: u64,
    /// Crawls that ended incomplete.
    pub incomplete: u64,
    /// Crawls that failed.
    pub failed: u64,
}

impl CrawlTally {
    /// Counts for these sources; `next` is told as well.
    pub fn new(sources: impl IntoIterator<Item = SourceName>, next: Arc<dyn Progress>) -> Self {
        let sources = sources.into_iter().map(|source| (source, Counts::default())).collect();
        Self { sources, next }
    }

    /// What crawls did, source by source.
    pub fn figures(&self) -> Vec<CrawlFigures> {
        let figures = |(source, counts): &(SourceName, Counts)| CrawlFigures {
            source: source.clone(),
            pages: counts.pages.get(),
            items: counts.items.get(),
            rejected: counts.rejected.get(),
            failed_attempts: counts.failed_attempts.get(),
            completed: counts.completed.get(),
            incomplete: counts.incomplete.get(),
            failed: counts.failed.get(),
        };
        self.sources.iter().map(figures).collect()
    }
}

impl Progress for CrawlTally {
    fn report(&self, source: &SourceName, outcome: &StepOutcome) {
        if let Some((_, counts)) = self.sources.iter().find(|(known, _)| known == source) {
            match outcome {
                StepOutcome::PageTaken { items, rejected, .. } => {
                    counts.pages.one();
                    counts.items.add(*items);
                    counts.rejected.add(*rejected);
                }
                StepOutcome::AttemptFailed { .. } => counts.failed_attempts.one(),
                StepOutcome::Finished { crawl, .. } => match crawl.state {
                    CrawlState::Completed => counts.completed.one(),
                    CrawlState::Incomplete => counts.incomplete.one(),
                    CrawlState::Failed => counts.failed.one(),
                    CrawlState::Running => {}
                },
                StepOutcome::Held { .. } | StepOutcome::StoreDown { .. } | StepOutcome::Begun { .. } => {}
            }
        }
        self.next.report(source, outcome);
    }
}
