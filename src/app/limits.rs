//! The limits of connections, fitted to the files that the system lets the process open.
//!
//! A connection too many is refused and comes again. A file that the database, the index or the journal
//! cannot open stops work, so these have a reserve that no client takes.

use crate::config::Settings;
use crate::http::HttpLimits;

/// The runtime, standard streams, signals, listeners, locks, the log and the journal.
const PROCESS_FILES: u64 = 40;
/// SQLite: a database and its log for each connection. Servers: a socket.
const FILES_PER_DATABASE_CONNECTION: u64 = 2;
/// A segment that is written or merged.
const FILES_PER_SEGMENT: u64 = 8;
/// Segments that the library merges at once.
const MERGES: u64 = 4;
/// Connections to an upstream.
const FILES_PER_SOURCE: u64 = 2;
/// Connections to Redis, and what replaces one that broke.
const REDIS_FILES: u64 = 10;

/// The least share of all files for clients, as a divisor, where the reserve does not fit: a server without
/// connections is of no use.
const LEAST_SHARE: u64 = 4;

/// Raises the limit of open files as far as is needed and allowed, and fits the limits of connections to it.
pub(super) fn fit_to_open_files(settings: &Settings, limits: HttpLimits) -> HttpLimits {
    let reserve = reserve(settings);
    let wanted = limits.connections as u64 + limits.rejections as u64 + reserve;
    // Where the limit cannot be asked, what is wanted is taken for granted.
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
            "limits lowered: the system allows too few open files for limits.connections; raise its limit (ulimit -n, \
             LimitNOFILE), or lower ours"
        );
    }
    fitted
}

fn reserve(settings: &Settings) -> u64 {
    let segments = settings.search.indexing_threads as u64 + MERGES;
    PROCESS_FILES
        + FILES_PER_DATABASE_CONNECTION * u64::from(settings.database.max_connections)
        + FILES_PER_SEGMENT * segments
        + FILES_PER_SOURCE * settings.sources.len() as u64
        + settings.redis_url.as_ref().map_or(0, |_| REDIS_FILES)
}

/// The limits, lowered in proportion until the connections leave the reserve.
fn fitted(limits: HttpLimits, allowed: u64, reserve: u64) -> HttpLimits {
    let wanted = (limits.connections + limits.rejections) as u64;
    let room = allowed.saturating_sub(reserve).max(allowed / LEAST_SHARE);
    if room >= wanted {
        return limits;
    }
    let share = |limit: usize| {
        let lowered = (limit as u64).saturating_mul(room) / wanted.max(1);
        // Zero means none at all, which lowering must not say.
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
    fn connections_leave_a_reserve_whatever_is_allowed() {
        let limits = HttpLimits::default();
        let reserve = reserve(&Settings::default());
        for allowed in [16, 64, 80, 256, 1_024, 4_096, 16_384, 20_000, 1 << 20] {
            let fitted = fitted(limits, allowed, reserve);
            let clients = (fitted.connections + fitted.rejections) as u64;
            assert!(
                fitted.connections > 0
                    && clients <= allowed.saturating_sub(reserve).max(allowed / LEAST_SHARE)
            );
            assert!(fitted.websockets <= fitted.connections && fitted.event_streams <= fitted.connections);
        }
        assert_eq!(fitted(limits, 1 << 20, reserve).connections, limits.connections);
        assert_eq!(fitted(HttpLimits { websockets: 0, ..limits }, 80, reserve).websockets, 0);
    }
}
