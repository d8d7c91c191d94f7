//! The database and the pool of connections to it.

use super::page::{Page, flag, label, number};
use crate::store::StoreFigures;

/// How the database and its pool stand.
pub(super) fn tell(page: &mut Page, figures: &StoreFigures) {
    page.gauge("database_up", "Whether the database answered the last call", flag(figures.is_up));
    page.gauge(
        "database_writable",
        "Whether the database took the last trial of writing, since a call found it full or read-only",
        flag(figures.is_writable),
    );
    page.count("database_calls_total", "Calls of the database, most of them a transaction", figures.calls);
    page.counts(
        "database_failures_total",
        "Calls that failed: the database did not answer (unavailable), or said no (refused)",
        vec![
            (label("cause", "unavailable"), figures.unavailable),
            (label("cause", "refused"), figures.refused),
        ],
    );
    page.gauge(
        "database_connections_max",
        "The most connections that there may be (database.max_connections)",
        number(figures.most_connections),
    );
    page.gauges(
        "database_connections",
        "Connections that are open, in use and idle",
        vec![
            (label("state", "used"), number(figures.connections - figures.idle)),
            (label("state", "idle"), number(figures.idle)),
        ],
    );
    page.count(
        "database_connection_timeouts_total",
        "Calls that waited in vain for a connection: none was free, or none could be made",
        figures.timed_out,
    );
}
