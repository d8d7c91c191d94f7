use std::time::Duration;

/// What requests and connections may take.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// The largest request body, in bytes: a batch of documents fits.
    pub body_bytes: usize,
    /// From the first to the last byte of a request body.
    pub body_time: Duration,
    /// Request bodies in memory at once, in bytes.
    pub bodies_bytes: usize,
    /// Operations in one request.
    pub batch: usize,
    /// Queries and mutations that run at once.
    pub operations: usize,
    /// Connections at once.
    pub connections: usize,
    /// The longest the headers of a request may take, and an unused connection is kept.
    pub header_time: Duration,
    /// The longest a client may take nothing of what it is sent.
    pub send_time: Duration,
    /// WebSockets at once.
    pub websockets: usize,
    /// The longest message on a WebSocket, in bytes.
    pub message_bytes: usize,
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

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            body_time: Duration::from_secs(30),
            bodies_bytes: 256 << 20,
            batch: 10,
            operations: 512,
            connections: 16_384,
            header_time: Duration::from_secs(75),
            send_time: Duration::from_secs(30),
            websockets: 10_000,
            message_bytes: 1 << 20,
            connection_init: Duration::from_secs(10),
            idle_time: Duration::from_secs(600),
            event_streams: 10_000,
            subscriptions: 10_000,
            subscriptions_per_connection: 50,
            keep_alive: Duration::from_secs(30),
        }
    }
}
