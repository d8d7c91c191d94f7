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

use std::ops::Deref;
use std::sync::Arc;

use crate::access::AccessControl;
use crate::graphql::Api;

pub use admission::{Admission, Load};
pub use graphiql::{EXAMPLE_QUERIES, ExampleQuery};
pub use health::{Readiness, Shortcoming};
pub use limits::HttpLimits;
pub use listener::serve;
pub use metrics::{Metrics, MetricsParts};
pub use origin::Origins;
pub use persisted::{Automatic, Documents, Trusted, TrustedError};
pub use router::{metrics_router, router};

/// The services and limits that handlers share.
pub struct HttpServices {
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

/// The state of the router. Every layer and handler clones it, so a clone is one count.
#[derive(Clone)]
pub struct HttpState(Arc<HttpServices>);

impl From<HttpServices> for HttpState {
    fn from(services: HttpServices) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for HttpState {
    type Target = HttpServices;
    fn deref(&self) -> &HttpServices {
        &self.0
    }
}

impl HttpServices {
    /// Whether the explorer is served now.
    pub fn is_explorable(&self) -> bool {
        self.graphiql.unwrap_or_else(|| !self.gate.requires_keys())
    }
}
