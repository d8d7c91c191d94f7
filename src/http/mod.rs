//! HTTP: connections, the paths, GraphQL over HTTP, WebSocket and event streams, health and metrics.
//!
//! The GraphQL handler reads bytes itself: the ready-made extractors ignore body limits and
//! content types, and answer every request with the same status. What an operation means is
//! decided one floor below, in [`crate::graphql`].

mod admission;
mod body;
mod compression;
mod encode;
mod event_stream;
mod exchange;
mod graphiql;
mod graphql;
mod header_case;
mod health;
mod host;
mod json_values;
mod limits;
mod listener;
mod metrics;
mod negotiation;
mod observe;
mod operation;
mod origin;
mod persisted;
mod problem;
mod refusals;
mod request;
mod router;
mod stream;
mod validator;
mod visitor;
mod websocket;

use crate::access::AccessControl;
use crate::graphql::Api;

pub use admission::{Admission, Load};
pub use graphiql::{EXAMPLE_QUERIES, ExampleQuery};
pub use health::{Readiness, Shortcoming};
pub use limits::HttpLimits;
pub use listener::serve;
pub use metrics::{Metrics, MetricsParts, RedisFigures, RedisWatch};
pub use origin::Origins;
pub use persisted::{Automatic, Documents, Trusted, TrustedError};
pub use router::{metrics_router, router};

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
    /// What requests and connections may take.
    pub limits: HttpLimits,
    /// What is under way, made for the same limits.
    pub admission: Admission,
    /// Who may call, and how often.
    pub gate: AccessControl,
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
        self.graphiql.unwrap_or_else(|| !self.gate.requires_keys())
    }
}
