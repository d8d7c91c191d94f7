//! The limits of documents, requests and connections.

use std::time::Duration;

use super::setting::Scalar;
use super::table::settings_table;
use super::values::{count, duration};

/// The largest number of things that are counted one by one.
const MAX_COUNT: u64 = 1_000_000;
const MAX_MB: u64 = 1 << 20;

settings_table! {
    /// Limits of documents, requests and connections.
    pub struct LimitSettings {
        /// The longest document, in bytes.
        document_bytes: usize = count(1_024, 16 << 20).default(1_048_576),
        /// Names, numbers, strings and punctuators of a document.
        document_tokens: usize = count(100, MAX_COUNT).default(50_000),
        /// Nested brackets of a document, of any kind.
        document_nesting: usize = count(8, 128).default(128),
        /// Fields of a document, with fragments expanded.
        fields: u64 = count(10, MAX_COUNT).default(2_000),
        /// Nested fields, with fragments expanded; GraphiQL's introspection has a depth of 15.
        depth: u64 = count(1, 32).default(24),
        /// Fields times the sizes of the pages around them, the upper bound of a response.
        /// Searches and reports count for more.
        cost: u64 = count(10, 1_000_000_000).default(25_000),
        /// Aliases of a document, with fragments expanded.
        aliases: u64 = count(0, MAX_COUNT).default(100),
        /// Directives on one selection.
        directives: usize = count(0, 100).default(5),
        /// Fragment spreads, with fragments expanded.
        fragment_spreads: u64 = count(0, MAX_COUNT).default(1_000),
        /// The largest `first`; a lower maximum in the schema takes precedence.
        page_size: usize = count(1, 100).default(100),
        /// The largest `quantity` of one `recordInteraction`, so that no single call dominates a report.
        quantity: u32 = count(1, 1_000_000).default(10_000),
        /// Operations in one request.
        batch: usize = count(1, 1_000).default(10),
        /// The timeout of a mutation.
        /// It waits for the index for half of that, at most 10 s.
        mutation_time: Duration = timeout("20s"),
        /// Concurrent queries and mutations; further ones fail with `TOO_BUSY`.
        /// Those of batches, WebSockets and event streams count as well.
        operations: usize = count(1, MAX_COUNT).default(512),
        /// The timeout of a request body, from its first to its last byte.
        body_time: Duration = timeout("30s"),
        /// Memory in MiB for request bodies, incomplete WebSocket messages and values of variables.
        /// Further requests fail with `TOO_BUSY`. A quarter of it is reserved for those of up to 64 KiB.
        bodies_mb: usize = count(1, MAX_MB).default(256),
        /// JSON values in one request: objects, lists, strings, numbers, booleans and nulls.
        /// A batch counts as a whole.
        json_values: usize = count(1_000, 100 * MAX_COUNT).default(100_000),
        /// The largest response, in bytes; larger ones fail with `RESPONSE_TOO_LARGE`.
        /// A batch counts as a whole.
        response_bytes: usize = count(64 << 10, 1 << 30).default(33_554_432),
        /// Memory in MiB for responses until clients have read them; further requests fail with `TOO_BUSY`.
        /// A quarter of it is reserved for those of up to 64 KiB.
        responses_mb: usize = count(1, MAX_MB).default(128),
        /// Concurrent connections; further ones are answered 503 and closed.
        connections: usize = count(1, MAX_COUNT).default(16_384),
        /// The timeout of request headers, from the connection's start or the previous response.
        /// It also closes idle connections.
        header_time: Duration = timeout("1m 15s"),
        /// The longest time without progress in sending to a client; then the connection is closed.
        send_time: Duration = timeout("30s"),
        /// Concurrent WebSockets; further ones are answered 503.
        websockets: usize = count(0, MAX_COUNT).default(10_000),
        /// The longest message from a WebSocket, in bytes.
        websocket_message_bytes: usize = count(1_024, 1 << 30).default(1_048_576),
        /// The timeout of a WebSocket message, from its first to its last byte.
        websocket_message_time: Duration = timeout("30s"),
        /// The timeout of `connection_init` after a WebSocket opens.
        websocket_init_time: Duration = timeout("10s"),
        /// The longest time of a WebSocket without operations; then it is closed.
        websocket_idle_time: Duration = timeout("10m"),
        /// Concurrent event streams (`text/event-stream`); further ones are answered 503.
        event_streams: usize = count(0, MAX_COUNT).default(10_000),
        /// Concurrent subscriptions on WebSockets and event streams; further ones fail with `TOO_BUSY`.
        subscriptions: usize = count(0, MAX_COUNT).default(10_000),
        /// Concurrent operations on one WebSocket.
        subscriptions_per_connection: usize = count(1, 10_000).default(50),
    }
}

fn timeout(default: &str) -> Scalar<Duration> {
    duration("10ms").default(default)
}
