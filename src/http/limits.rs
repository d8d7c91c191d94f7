use std::time::Duration;

use crate::config::Settings;

/// The limits of requests and connections.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// The longest time from the first to the last byte of a request body.
    pub body_time: Duration,
    /// The memory of all request bodies, in bytes.
    pub bodies_bytes: usize,
    /// The JSON values in one request.
    pub json_values: usize,
    /// The largest response, in bytes.
    pub response_bytes: usize,
    /// The operations in one batch.
    pub batch: usize,
    /// The concurrent queries and mutations.
    pub operations: usize,
    /// The concurrent connections.
    pub connections: usize,
    /// The concurrent rejections of connections; further ones close without a response.
    pub rejections: usize,
    /// The longest time for a request's headers, and for an unused connection.
    pub header_time: Duration,
    /// The longest time that a client may read nothing of a response.
    pub send_time: Duration,
    /// The concurrent WebSockets.
    pub websockets: usize,
    /// The longest message on a WebSocket, in bytes.
    pub message_bytes: usize,
    /// The longest time from the first to the last byte of a message on a WebSocket.
    pub message_time: Duration,
    /// The longest time from opening a WebSocket to its `connection_init`.
    pub connection_init: Duration,
    /// The longest time that a WebSocket may have no operation running.
    pub idle_time: Duration,
    /// The concurrent event streams.
    pub event_streams: usize,
    /// The concurrent subscriptions.
    pub subscriptions: usize,
    /// The concurrent operations on one WebSocket.
    pub subscriptions_per_connection: usize,
    /// The interval of pings and comments that keep connections open and detect dead ones.
    pub keep_alive: Duration,
}

/// Less than the time after which proxies and routers drop a silent connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Enough for a burst: each takes a second at most.
const REJECTIONS: usize = 64;

impl HttpLimits {
    /// Reads the limits from the settings.
    pub fn of(settings: &Settings) -> Self {
        let limits = &settings.limits;
        Self {
            body_bytes: settings.server.max_body_bytes,
            body_time: limits.body_time,
            bodies_bytes: limits.bodies_mb << 20,
            json_values: limits.json_values,
            response_bytes: limits.response_bytes,
            batch: limits.batch,
            operations: limits.operations,
            connections: limits.connections,
            rejections: REJECTIONS,
            header_time: limits.header_time,
            send_time: limits.send_time,
            websockets: limits.websockets,
            message_bytes: limits.websocket_message_bytes,
            message_time: limits.websocket_message_time,
            connection_init: limits.websocket_init_time,
            idle_time: limits.websocket_idle_time,
            event_streams: limits.event_streams,
            subscriptions: limits.subscriptions,
            subscriptions_per_connection: limits.subscriptions_per_connection,
            keep_alive: KEEP_ALIVE,
        }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}
