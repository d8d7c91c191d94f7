use std::time::Duration;

use crate::config::Settings;

/// What requests and connections may take.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// The largest request body, in bytes: a batch of documents fits.
    pub body_bytes: usize,
    /// From the first to the last byte of a request body.
    pub body_time: Duration,
    /// Request bodies in memory at once, in bytes.
    pub bodies_bytes: usize,
    /// JSON values in one request.
    pub json_values: usize,
    /// The largest response, in bytes.
    pub response_bytes: usize,
    /// Operations in one request.
    pub batch: usize,
    /// Queries and mutations that run at once.
    pub operations: usize,
    /// Connections at once.
    pub connections: usize,
    /// Connections too many that hear so at once; the others are closed without a word.
    pub rejections: usize,
    /// The longest the headers of a request may take, and an unused connection is kept.
    pub header_time: Duration,
    /// The longest a client may take nothing of what it is sent.
    pub send_time: Duration,
    /// WebSockets at once.
    pub websockets: usize,
    /// The longest message on a WebSocket, in bytes.
    pub message_bytes: usize,
    /// From the first to the last byte of a message on a WebSocket.
    pub message_time: Duration,
    /// From opening a WebSocket to its `connection_init`.
    pub connection_init: Duration,
    /// How long a WebSocket may have nothing running.
    pub idle_time: Duration,
    /// Event streams at once.
    pub event_streams: usize,
    /// Subscriptions that run at once.
    pub subscriptions: usize,
    /// Operations under way on one WebSocket.
    pub subscriptions_per_connection: usize,
    /// Between two signs of life that keep a WebSocket or an event stream open and find dead ones.
    pub keep_alive: Duration,
}

/// Below the time after which proxies and routers drop a silent connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Enough for a burst; each takes a second at most.
const REJECTIONS: usize = 64;

impl HttpLimits {
    /// The limits that the settings describe.
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
