//! Metrics of crawls by source.

use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use quarry_domain::{CrawlState, SourceName};
use quarry_runtime::metrics::{Labels, Series};

use super::progress::{Progress, StepOutcome};

/// Counts the outcomes of crawls and passes them on. Clones share the counters.
#[derive(Clone)]
pub struct CrawlMetrics {
    sources: Arc<RwLock<Vec<CountedSource>>>,
    next: Arc<dyn Progress>,
}

type CountedSource = (SourceName, Arc<SourceCounters>);

#[derive(Default)]
struct SourceCounters {
    pages: Counter,
    items: Counter,
    rejected: Counter,
    failed_attempts: Counter,
    completed: Counter,
    incomplete: Counter,
    failed: Counter,
}

impl CrawlMetrics {
    /// Creates the counters of the configured sources; `next` receives the same outcomes.
    pub fn new(sources: impl IntoIterator<Item = SourceName>, next: Arc<dyn Progress>) -> Self {
        let metrics = Self { sources: Arc::default(), next };
        metrics.replace_sources(sources);
        metrics
    }

    /// Replaces the sources; those that stay keep their counts.
    pub fn replace_sources(&self, sources: impl IntoIterator<Item = SourceName>) {
        let mut current = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let counters = |name: &SourceName| {
            let known = current.iter().find(|(known, _)| known == name);
            known.map(|(_, counters)| counters.clone()).unwrap_or_default()
        };
        *current = sources.into_iter().map(|name| (name.clone(), counters(&name))).collect();
    }

    fn sources(&self) -> Vec<CountedSource> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Registers the counters.
    pub fn register(&self, registry: &mut Registry) {
        let sources = self.sources();
        let mut by_source = |name, help, counter: fn(&SourceCounters) -> &Counter| {
            let label = |source: &SourceName| -> Labels<1> { [("source", source.as_str().to_owned())] };
            let series = sources.iter().map(|(source, counters)| (label(source), counter(counters).clone()));
            registry.register(name, help, Series::from_iter(series));
        };
        by_source("crawl_pages", "Pages that crawls stored", |of| &of.pages);
        by_source("crawl_items", "Items on the pages that crawls stored", |of| &of.items);
        by_source("crawl_items_rejected", "Invalid items on the pages that crawls stored", |of| &of.rejected);
        by_source(
            "crawl_attempts_failed",
            "Requests to the upstream that returned no page and were retried",
            |of| &of.failed_attempts,
        );
        let ends = |(source, counters): &CountedSource| {
            let label = |state: &str| -> Labels<2> {
                [("source", source.as_str().to_owned()), ("state", state.to_owned())]
            };
            [
                (label("completed"), counters.completed.clone()),
                (label("incomplete"), counters.incomplete.clone()),
                (label("failed"), counters.failed.clone()),
            ]
        };
        let ends = Series::from_iter(sources.iter().flat_map(ends));
        registry.register("crawls_finished", "Crawls that ended", ends);
    }
}

impl Progress for CrawlMetrics {
    fn report(&self, source: &SourceName, outcome: &StepOutcome) {
        if let Some((_, counters)) = self.sources().iter().find(|(known, _)| known == source) {
            counters.record(outcome);
        }
        self.next.report(source, outcome);
    }
}

impl SourceCounters {
    fn record(&self, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::PageStored { items, rejected, .. } => {
                self.pages.inc();
                self.items.inc_by(*items);
                self.rejected.inc_by(*rejected);
            }
            StepOutcome::AttemptFailed { .. } => {
                self.failed_attempts.inc();
            }
            StepOutcome::Finished { crawl, .. } => {
                let ended = match crawl.state {
                    CrawlState::Completed => &self.completed,
                    CrawlState::Incomplete => &self.incomplete,
                    CrawlState::Failed => &self.failed,
                    CrawlState::Running => return,
                };
                ended.inc();
            }
            StepOutcome::Held { .. } | StepOutcome::StoreUnavailable { .. } | StepOutcome::Started { .. } => {
            }
        }
    }
}
