//! Limits of the process itself.

use crate::config::Settings;

/// Files that are no clients' connections: of the index, the databases and the log.
const OTHER_FILES: u64 = 1_000;

/// Lets the process have a file for each connection, as far as the system allows: many give a
/// process a thousand unless it asks.
pub(super) fn make_room_for_connections(settings: &Settings) {
    let wanted = settings.limits.connections as u64 + OTHER_FILES;
    let allowed = rlimit::increase_nofile_limit(wanted).unwrap_or(0);
    if allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "the system allows fewer files than limits.connections needs; raise its limit (ulimit -n), or lower ours"
        );
    }
}
