//! Crawls, by configured source.

use super::page::{Page, label};
use crate::crawl::CrawlFigures;

/// What crawls did on this server.
pub(super) fn tell(page: &mut Page, sources: &[CrawlFigures]) {
    let mut by_source = |name: &str, help: &str, count: fn(&CrawlFigures) -> u64| {
        let counts = sources.iter().map(|of| (label("source", of.source.as_str()), count(of)));
        page.counts(name, help, counts.collect());
    };
    by_source("crawl_pages_total", "Pages that crawls stored", |of| of.pages);
    by_source("crawl_items_total", "Items on the pages that crawls stored", |of| of.items);
    by_source("crawl_items_rejected_total", "Items that could not be taken", |of| of.rejected);
    by_source(
        "crawl_attempts_failed_total",
        "Requests to the upstream that brought no page and were made again",
        |of| of.failed_attempts,
    );
    let ends = |of: &CrawlFigures| {
        let ends = [("completed", of.completed), ("incomplete", of.incomplete), ("failed", of.failed)];
        let source = of.source.as_str().to_owned();
        ends.map(|(state, count)| (vec![("source", source.clone()), ("state", state.to_owned())], count))
    };
    page.counts("crawls_finished_total", "Crawls that ended", sources.iter().flat_map(ends).collect());
}
