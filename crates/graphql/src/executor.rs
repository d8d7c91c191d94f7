use std::sync::Arc;

use async_graphql::{Data, Executor, Request, Response};
use futures_util::stream::BoxStream;

use super::api_schema::ApiSchema;
use super::loaders::Loaders;
use quarry_domain::Principal;

/// The bare schema for async-graphql's own HTTP integrations, without the checks and limits of `Api`.
///
/// Benchmarks and audits compare it with the server, which never uses it.
#[derive(Clone)]
pub struct SchemaExecutor(pub(super) ApiSchema);

impl Executor for SchemaExecutor {
    async fn execute(&self, request: Request) -> Response {
        self.0.execute(request.data(Loaders::default()).data(Principal::unrestricted())).await
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        let request = request.data(Loaders::default()).data(Principal::unrestricted());
        match &self.0 {
            ApiSchema::Plain(schema) => Executor::execute_stream(schema, request, session_data),
            ApiSchema::Subgraph(schema) => Executor::execute_stream(schema, request, session_data),
        }
    }
}
