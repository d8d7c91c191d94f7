//! The search engine and its index.

use super::page::{Labels, Page, flag, number};
use crate::domain::Revision;
use crate::search::{EngineHealth, EngineLoad, IndexProgress};

/// How the engine stands; what does not answer is left out.
pub(super) fn tell(
    page: &mut Page,
    health: Option<&EngineHealth>,
    load: &EngineLoad,
    index: IndexProgress,
    latest: Option<Revision>,
) {
    page.durations(
        "search_duration_seconds",
        "How long searches took in the engine, without their wait for a permit",
        vec![(Labels::new(), load.searches.clone())],
    );
    page.count("searches_failed_total", "Searches that failed in the engine", load.failed);
    page.count(
        "searches_refused_total",
        "Searches that were answered TOO_BUSY, since too many waited already",
        load.refused,
    );
    page.gauge("search_permits", "Searches that may run at once (search.concurrency)", number(load.permits));
    page.gauge("searches_running", "Searches that run", number(load.running));
    page.gauge("searches_waiting", "Searches that wait for a permit", number(load.waiting));
    if let Some(health) = health {
        page.gauge("index_documents", "Documents in this server's index", number(health.documents));
        page.gauge("index_segments", "Parts that the index consists of", number(health.segments));
        page.gauge("index_bytes", "Bytes that the index takes on the disk", number(health.bytes));
    }
    page.gauge("index_ready", "Whether the index was in step with the store once", flag(index.ready));
    page.gauge(
        "index_revision",
        "The revision up to which changes can be found",
        number(index.applied.value()),
    );
    if let Some(latest) = latest {
        let behind = (latest.value() - index.applied.value()).max(0);
        page.gauge(
            "index_revisions_behind",
            "Revisions that the store is ahead of the index",
            number(behind),
        );
    }
}
