//! The schema that a server executes: with the fields of a subgraph, or without them.

use async_graphql::extensions::ExtensionFactory;
use async_graphql::{ObjectType, Request, Response, ValidationMode};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::limits::Limits;
use super::pagination::MaxPageSize;
use super::query::PublicQuery;
use super::schema_builder::{SchemaOf, schema_of};
use super::services::Services;
use super::subgraph::SubgraphQuery;
use super::types::MaxQuantity;

/// An executable schema.
///
/// The types of its root are fixed when it is compiled, so each of them is a schema of its own.
#[derive(Clone)]
pub(super) enum ApiSchema {
    /// The public schema.
    Plain(SchemaOf<PublicQuery>),
    /// The public schema with the fields of a subgraph.
    Subgraph(SchemaOf<SubgraphQuery>),
}

impl ApiSchema {
    /// Creates the schema over services.
    pub(super) fn new(services: Services, limits: &Limits, mode: ValidationMode) -> Self {
        if limits.federation {
            Self::Subgraph(with_services(SubgraphQuery::default(), services, limits, mode))
        } else {
            Self::Plain(with_services(PublicQuery::default(), services, limits, mode))
        }
    }

    /// Creates a schema with an extension and without services.
    pub(super) fn with_extension(federation: bool, extension: impl ExtensionFactory) -> Self {
        if federation {
            Self::Subgraph(schema_of(SubgraphQuery::default()).extension(extension).finish())
        } else {
            Self::Plain(schema_of(PublicQuery::default()).extension(extension).finish())
        }
    }

    /// Executes a query or a mutation.
    pub(super) async fn execute(&self, request: Request) -> Response {
        match self {
            Self::Plain(schema) => schema.execute(request).await,
            Self::Subgraph(schema) => schema.execute(request).await,
        }
    }

    /// Executes an operation whose responses are a stream.
    pub(super) fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        match self {
            Self::Plain(schema) => schema.execute_stream(request).boxed(),
            Self::Subgraph(schema) => schema.execute_stream(request).boxed(),
        }
    }

    /// The schema in the schema definition language.
    pub(super) fn sdl(&self) -> String {
        match self {
            Self::Plain(schema) => schema.sdl(),
            Self::Subgraph(schema) => schema.sdl(),
        }
    }

    /// The services of the schema; `None` if it was created without them.
    pub(super) fn services(&self) -> Option<&Services> {
        match self {
            Self::Plain(schema) => schema.data(),
            Self::Subgraph(schema) => schema.data(),
        }
    }
}

fn with_services<Q: ObjectType + 'static>(
    query: Q,
    services: Services,
    limits: &Limits,
    mode: ValidationMode,
) -> SchemaOf<Q> {
    let schema = schema_of(query).validation_mode(mode).data(services);
    schema.data(MaxPageSize(limits.page_size)).data(MaxQuantity(limits.quantity)).finish()
}
