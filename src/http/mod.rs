//! HTTP: the paths, GraphQL over HTTP and WebSocket, health and metrics.
//!
//! The GraphQL handler reads bytes itself: the ready-made extractors ignore body limits and
//! content types, and answer every request with the same status. What an operation means is
//! decided one floor below, in [`crate::graphql`].

mod body;
mod graphiql;
mod graphql;
mod health;
mod metrics;
mod negotiation;
mod observe;
mod operation;
mod origin;
mod persisted;
mod problem;
mod router;
mod visitor;
mod websocket;

use std::time::Duration;

use crate::access::Gate;
use crate::graphql::Api;

pub use graphiql::{EXAMPLE_QUERIES, ExampleQuery};
pub use health::{Readiness, Shortcoming};
pub use metrics::{Metrics, MetricsParts, RedisFigures, RedisWatch};
pub use origin::Origins;
pub use persisted::{Automatic, Documents, Trusted, TrustedError};
pub use router::{metrics_router, router};

/// What requests and connections may take.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// The largest request body, in bytes: a batch of documents fits.
    pub body_bytes: usize,
    /// From the first to the last byte of a request body.
    pub body_time: Duration,
    /// Operations in one request.
    pub batch: usize,
    /// From opening a WebSocket to its `connection_init`.
    pub connection_init: Duration,
    /// Operations under way on one WebSocket.
    pub subscriptions: usize,
    /// Between two pings that keep a WebSocket open and find dead ones.
    pub keep_alive: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            body_time: Duration::from_secs(30),
            batch: 10,
            connection_init: Duration::from_secs(10),
            subscriptions: 50,
            keep_alive: Duration::from_secs(30),
        }
    }
}

/// What handlers share.
#[derive(Clone)]
pub struct HttpState {
    /// The GraphQL API.
    pub api: Api,
    /// Whether the server may be sent traffic.
    pub readiness: Readiness,
    /// What `/metrics` tells.
    pub metrics: Metrics,
    /// `/metrics` is on an address of its own, not among the other paths.
    pub metrics_apart: bool,
    /// What requests may take.
    pub limits: HttpLimits,
    /// Who may call, and how often.
    pub gate: Gate,
    /// Whether the explorer is served; absent: as long as no keys are asked for.
    pub graphiql: Option<bool>,
    /// The documents that clients send by name.
    pub documents: Documents,
    /// Which pages may send requests, and to which names.
    pub origins: Origins,
}

impl HttpState {
    /// Whether the explorer is served now.
    pub fn is_explorable(&self) -> bool {
        self.graphiql.unwrap_or_else(|| !self.gate.asks_for_keys())
    }
}
