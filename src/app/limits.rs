//! The limits of connections, fitted to the limit of open files.
//!
//! A rejected connection can be retried. A file that the database, the index or the journal cannot open
//! stops work, so they have a reserve that clients cannot use.

use crate::config::Settings;
use crate::http::HttpLimits;

/// Files of the runtime, standard streams, signals, listeners, locks, the log and the journal.
const PROCESS_FILES: u64 = 40;
/// Files of a database connection: in SQLite, the database and its log; otherwise, a socket.
const FILES_PER_DATABASE_CONNECTION: u64 = 2;
/// Files of a segment that is written or merged.
const FILES_PER_SEGMENT: u64 = 8;
/// Concurrent merges of segments.
const MERGES: u64 = 4;
/// Connections to one upstream.
const FILES_PER_SOURCE: u64 = 2;
/// Connections to Redis, and the replacements of broken ones.
const REDIS_FILES: u64 = 10;

/// The divisor of all files that gives the minimum for clients, where the reserve does not fit.
const MIN_CLIENT_SHARE: u64 = 4;

/// Raises the limit of open files as needed and allowed, and fits the limits of connections to it.
pub(super) fn fit_to_open_files(settings: &Settings, limits: HttpLimits) -> HttpLimits {
    let reserve = reserve(settings);
    let wanted = limits.connections as u64 + limits.rejections as u64 + reserve;
    // If the limit is unknown, it is assumed to suffice.
    let allowed = rlimit::increase_nofile_limit(wanted).unwrap_or(wanted);
    let fitted = fitted(limits, allowed, reserve);
    if fitted.connections < limits.connections {
        tracing::warn!(
            files.allowed = allowed,
            files.wanted = wanted,
            files.reserve = allowed.saturating_sub((fitted.connections + fitted.rejections) as u64),
            connections = fitted.connections,
            websockets = fitted.websockets,
            event_streams = fitted.event_streams,
            "limits lowered: the system allows too few open files for limits.connections: raise its limit (ulimit -n, \
             LimitNOFILE), or lower limits.connections"
        );
    }
    fitted
}

fn reserve(settings: &Settings) -> u64 {
    let segments = settings.search.indexing_threads as u64 + MERGES;
    PROCESS_FILES
        + FILES_PER_DATABASE_CONNECTION * u64::from(settings.database.max_connections)
        + FILES_PER_SEGMENT * segments
        + FILES_PER_SOURCE * settings.sources.crawled.len() as u64
        + settings.redis_url.as_ref().map_or(0, |_| REDIS_FILES)
}

/// Lowers the limits in proportion until the connections leave the reserve.
fn fitted(limits: HttpLimits, allowed: u64, reserve: u64) -> HttpLimits {
    let wanted = (limits.connections + limits.rejections) as u64;
    let available = allowed.saturating_sub(reserve).max(allowed / MIN_CLIENT_SHARE);
    if available >= wanted {
        return limits;
    }
    let share = |limit: usize| {
        let lowered = (limit as u64).saturating_mul(available) / wanted.max(1);
        // A limit of zero means disabled, which must not result from lowering.
        usize::try_from(lowered).unwrap_or(limit).max(limit.min(1))
    };
    HttpLimits {
        connections: share(limits.connections),
        rejections: share(limits.rejections),
        websockets: share(limits.websockets),
        event_streams: share(limits.event_streams),
        ..limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_the_reserve_at_each_limit() {
        let limits = HttpLimits::default();
        let reserve = reserve(&Settings::default());
        for allowed in [16, 64, 80, 256, 1_024, 4_096, 16_384, 20_000, 1 << 20] {
            let fitted = fitted(limits, allowed, reserve);
            let clients = (fitted.connections + fitted.rejections) as u64;
            assert!(
                fitted.connections > 0
                    && clients <= allowed.saturating_sub(reserve).max(allowed / MIN_CLIENT_SHARE)
            );
            assert!(fitted.websockets <= fitted.connections && fitted.event_streams <= fitted.connections);
        }
        assert_eq!(fitted(limits, 1 << 20, reserve).connections, limits.connections);
        assert_eq!(fitted(HttpLimits { websockets: 0, ..limits }, 80, reserve).websockets, 0);
    }
}
