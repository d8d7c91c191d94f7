//! From settings to limits.

use std::time::Duration;

use super::access;
use crate::config::Settings;
use crate::graphql::{Limits, Services, TimeLimits};
use crate::http::HttpLimits;

/// Files that are no clients' connections: of the index, the databases and the log.
const OTHER_FILES: u64 = 1_000;

/// What one operation may ask for.
pub(super) fn of_documents(settings: &Settings) -> Limits {
    let limits = &settings.limits;
    Limits {
        document_bytes: limits.document_bytes,
        nesting: limits.document_nesting,
        tokens: limits.document_tokens,
        fields: limits.fields,
        depth: limits.depth,
        cost: limits.cost,
        aliases: limits.aliases,
        directives: limits.directives,
        spreads: limits.fragment_spreads,
        page_size: limits.page_size,
        introspection: access::introspection(settings),
    }
}

/// How long operations may take.
pub(super) fn of_time(settings: &Settings) -> TimeLimits {
    TimeLimits { query: settings.server.request_timeout, mutation: settings.limits.mutation_time }
}

/// How long a mutation waits for the index: so that it can still say that it waited in vain.
pub(super) fn index_patience(settings: &Settings) -> Duration {
    Services::INDEX_PATIENCE.min(settings.limits.mutation_time / 2)
}

/// What requests and connections may take.
pub(super) fn of_http(settings: &Settings) -> HttpLimits {
    let limits = &settings.limits;
    HttpLimits {
        body_bytes: settings.server.max_body_bytes,
        body_time: limits.body_time,
        bodies_bytes: limits.bodies_mb << 20,
        batch: limits.batch,
        operations: limits.operations,
        connections: limits.connections,
        header_time: limits.header_time,
        send_time: limits.send_time,
        websockets: limits.websockets,
        message_bytes: limits.websocket_message_bytes,
        connection_init: limits.websocket_init_time,
        idle_time: limits.websocket_idle_time,
        event_streams: limits.event_streams,
        subscriptions: limits.subscriptions,
        subscriptions_per_connection: limits.subscriptions_per_connection,
        keep_alive: HttpLimits::default().keep_alive,
    }
}

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
