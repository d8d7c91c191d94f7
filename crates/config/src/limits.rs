//! What clients may take: the table of `[limits]`, and what it resolves to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reference::Fallback::Value;
use super::reference::Kind::{Count, Span};
use super::reference::{Kind, Row, row};

/// What clients may take.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// The longest document, in bytes.
    pub document_bytes: usize,
    /// Names, numbers, strings and punctuators of a document.
    pub document_tokens: usize,
    /// Brackets within brackets of a document.
    pub document_nesting: usize,
    /// Fields of an operation.
    pub fields: u64,
    /// Fields within fields.
    pub depth: u64,
    /// Fields times the sizes of the pages that they are on.
    pub cost: u64,
    /// Aliases of an operation.
    pub aliases: u64,
    /// Directives on one selection.
    pub directives: usize,
    /// Spreads of fragments of an operation.
    pub fragment_spreads: u64,
    /// The largest `first`.
    pub page_size: usize,
    /// The largest quantity of an interaction.
    pub quantity: u32,
    /// Operations in one request.
    pub batch: usize,
    /// The longest a mutation may take.
    #[serde(with = "humantime_serde")]
    pub mutation_time: Duration,
    /// Queries and mutations that run at once.
    pub operations: usize,
    /// From the first to the last byte of a request body.
    #[serde(with = "humantime_serde")]
    pub body_time: Duration,
    /// Request bodies in memory at once, in MiB.
    pub bodies_mb: usize,
    /// JSON values in one request.
    pub json_values: usize,
    /// The largest response, in bytes.
    pub response_bytes: usize,
    /// Responses in memory at once, in MiB.
    pub responses_mb: usize,
    /// Connections at once.
    pub connections: usize,
    /// The longest the headers of a request may take.
    #[serde(with = "humantime_serde")]
    pub header_time: Duration,
    /// The longest a client may take nothing of what it is sent.
    #[serde(with = "humantime_serde")]
    pub send_time: Duration,
    /// WebSockets at once.
    pub websockets: usize,
    /// The longest message on a WebSocket, in bytes.
    pub websocket_message_bytes: usize,
    /// From the first to the last byte of a message on a WebSocket.
    #[serde(with = "humantime_serde")]
    pub websocket_message_time: Duration,
    /// From opening a WebSocket to its `connection_init`.
    #[serde(with = "humantime_serde")]
    pub websocket_init_time: Duration,
    /// How long a WebSocket may have nothing running.
    #[serde(with = "humantime_serde")]
    pub websocket_idle_time: Duration,
    /// Event streams at once.
    pub event_streams: usize,
    /// Subscriptions that run at once.
    pub subscriptions: usize,
    /// Operations that run at once on one WebSocket.
    pub subscriptions_per_connection: usize,
}

const TIME: Kind = Span(Duration::from_millis(10));
/// The most of anything that is counted one by one.
const MANY: u64 = 1_000_000;

pub(super) const ROWS: &[Row] = &[
    row("limits.document_bytes", Count(1_024, 16 << 20), Value("1048576"), "The longest document, in bytes."),
    row(
        "limits.document_tokens",
        Count(100, MANY),
        Value("50000"),
        "Names, numbers, strings and punctuators of a document.",
    ),
    row(
        "limits.document_nesting",
        Count(8, 128),
        Value("128"),
        "Brackets within brackets of a document, of any kind.",
    ),
    row(
        "limits.fields",
        Count(10, MANY),
        Value("2000"),
        "Fields of a document, with its fragments written out.",
    ),
    row(
        "limits.depth",
        Count(1, 32),
        Value("24"),
        "Fields within fields, with fragments written out; GraphiQL's introspection takes 15.",
    ),
    row(
        "limits.cost",
        Count(10, 1_000_000_000),
        Value("25000"),
        "Fields times the sizes of the pages that they are on: what a document may answer at most; searches and \
         reports count for more.",
    ),
    row(
        "limits.aliases",
        Count(0, MANY),
        Value("100"),
        "Aliases of a document, with its fragments written out.",
    ),
    row("limits.directives", Count(0, 100), Value("5"), "Directives on one selection."),
    row(
        "limits.fragment_spreads",
        Count(0, MANY),
        Value("1000"),
        "Spreads of fragments, with fragments written out.",
    ),
    row(
        "limits.page_size",
        Count(1, 100),
        Value("100"),
        "The largest `first`; what the schema says of a field may be less, and holds then.",
    ),
    row(
        "limits.quantity",
        Count(1, 1_000_000),
        Value("10000"),
        "The largest `quantity` of one `recordInteraction`: one call must not be what a report shows.",
    ),
    row("limits.batch", Count(1, 1_000), Value("10"), "Operations in one request."),
    row(
        "limits.mutation_time",
        TIME,
        Value(r#""20s""#),
        "The longest a mutation may take; it waits for the index for half of that, at most 10 s.",
    ),
    row(
        "limits.operations",
        Count(1, MANY),
        Value("512"),
        "Queries and mutations that run at once, those of batches, WebSockets and event streams among them; one more \
         is answered `TOO_BUSY`.",
    ),
    row("limits.body_time", TIME, Value(r#""30s""#), "The longest the body of a request may take to arrive."),
    row(
        "limits.bodies_mb",
        Count(1, 1 << 20),
        Value("256"),
        "Memory for request bodies, incomplete WebSocket messages and the values of variables at once, in MiB, a \
         quarter of it for those of up to 64 KiB; one more is answered `TOO_BUSY`.",
    ),
    row(
        "limits.json_values",
        Count(1_000, 100 * MANY),
        Value("100000"),
        "JSON values in one request, a batch counted as a whole: objects, lists, strings, numbers, booleans and nulls.",
    ),
    row(
        "limits.response_bytes",
        Count(64 << 10, 1 << 30),
        Value("33554432"),
        "The largest response, in bytes, a batch counted as a whole; an operation that asks for more is answered \
         `RESPONSE_TOO_LARGE`.",
    ),
    row(
        "limits.responses_mb",
        Count(1, 1 << 20),
        Value("128"),
        "Memory for responses that are being made or were not read yet, in MiB, a quarter of it for those of up to \
         64 KiB; one more is answered `TOO_BUSY`.",
    ),
    row(
        "limits.connections",
        Count(1, MANY),
        Value("16384"),
        "Connections at once; one more is answered 503 and closed.",
    ),
    row(
        "limits.header_time",
        TIME,
        Value(r#""1m 15s""#),
        "The longest the headers of a request may take to arrive, from the connection's beginning or the answer \
         before; a connection that is kept open unused is closed after it.",
    ),
    row(
        "limits.send_time",
        TIME,
        Value(r#""30s""#),
        "The longest a client may take nothing of what it is sent before it is cut off.",
    ),
    row("limits.websockets", Count(0, MANY), Value("10000"), "WebSockets at once; one more is answered 503."),
    row(
        "limits.websocket_message_bytes",
        Count(1_024, 1 << 30),
        Value("1048576"),
        "The longest message that a WebSocket takes, in bytes.",
    ),
    row(
        "limits.websocket_message_time",
        TIME,
        Value(r#""30s""#),
        "The longest a message on a WebSocket may take to arrive.",
    ),
    row(
        "limits.websocket_init_time",
        TIME,
        Value(r#""10s""#),
        "From opening a WebSocket to its `connection_init`.",
    ),
    row(
        "limits.websocket_idle_time",
        TIME,
        Value(r#""10m""#),
        "How long a WebSocket may have nothing running before it is closed.",
    ),
    row(
        "limits.event_streams",
        Count(0, MANY),
        Value("10000"),
        "Event streams (`text/event-stream`) at once; one more is answered 503.",
    ),
    row(
        "limits.subscriptions",
        Count(0, MANY),
        Value("10000"),
        "Subscriptions that run at once, on WebSockets and event streams; one more is answered `TOO_BUSY`.",
    ),
    row(
        "limits.subscriptions_per_connection",
        Count(1, 10_000),
        Value("50"),
        "Operations that run at once on one WebSocket.",
    ),
];
