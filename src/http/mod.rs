//! HTTP: connections, routes, GraphQL over HTTP, WebSockets and event streams, health and metrics.
//!
//! A request passes [`serve`], the `router`, the handler of its transport and the GraphQL service, which
//! every transport shares. The handlers read bytes themselves: axum's and async-graphql's extractors have
//! no limits of this kind, accept more media types, and know one status for all errors. The execution of
//! operations is the concern of [`crate::graphql`].

mod admission;
mod authentication;
mod body;
mod bounded_stream;
mod compression;
mod console;
mod encode;
mod event_stream;
mod exchange;
mod graphiql;
mod graphql;
mod header_case;
mod health;
mod host;
mod http_error;
mod instrument;
mod json;
mod limits;
mod listener;
mod metrics;
mod negotiation;
mod origin;
mod page_file;
mod persisted;
mod rejection_log;
mod request;
mod router;
mod service;
mod validator;
mod websocket;

use std::ops::Deref;
use std::sync::Arc;

use crate::access::AccessControl;
use crate::graphql::Api;
use service::GraphqlService;

pub use admission::{Admission, InFlight};
pub use graphiql::{EXAMPLE_QUERIES, ExampleQuery};
pub use health::{HealthCheck, Readiness};
pub use limits::HttpLimits;
pub use listener::serve;
pub use metrics::{Metrics, MetricsParts};
pub use origin::Origins;
pub use persisted::{ApqCache, PersistedQueries, TrustedDocuments, TrustedDocumentsError};
pub use router::{metrics_router, router};

/// The services and limits of the handlers.
pub struct HttpServices {
    /// The GraphQL API.
    pub api: Api,
    /// The readiness for traffic.
    pub readiness: Readiness,
    /// The metrics of `/metrics`.
    pub metrics: Metrics,
    /// An address of its own serves `/metrics`, so this one does not.
    pub separate_metrics: bool,
    /// The limits of requests and connections.
    pub limits: HttpLimits,
    /// Admission control within the same limits.
    pub admission: Admission,
    /// Authentication and rate limits.
    pub access: AccessControl,
    /// Serves the explorer or not; by default, a server without keys does.
    pub graphiql: Option<bool>,
    /// Serves the console or not; by default, a server with the explorer does.
    pub console: Option<bool>,
    /// The documents that clients send by id.
    pub persisted_queries: PersistedQueries,
    /// The allowed origins and host names.
    pub origins: Origins,
}

/// The state of the router.
///
/// Every layer and handler clones it, so a clone is one reference count.
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

impl HttpState {
    /// The service that executes operations.
    fn graphql(&self) -> GraphqlService {
        GraphqlService(self.clone())
    }
}

impl HttpServices {
    /// Returns true if the explorer is served now.
    pub fn serves_explorer(&self) -> bool {
        self.graphiql.unwrap_or_else(|| !self.access.requires_keys())
    }

    /// Returns true if the console is served now.
    pub fn serves_console(&self) -> bool {
        self.console.unwrap_or_else(|| self.serves_explorer())
    }
}
