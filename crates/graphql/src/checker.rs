//! Validates documents without running them.
//!
//! async-graphql validates only on the way to executing, so this is a schema that does not execute. It
//! is not the one that requests run on: an extension would cost each of their fields.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, Response, ServerError, Variables};

use super::{ApiSchema, error, schema};

/// See the module.
pub(super) struct Checker(ApiSchema);

impl Checker {
    pub(super) fn new() -> Self {
        Self(schema().extension(NeverExecute).finish())
    }

    /// Applies every rule of validation; some look at variables, where there are any.
    pub(super) async fn check(
        &self,
        document: ExecutableDocument,
        variables: Variables,
    ) -> Result<(), Vec<ServerError>> {
        let mut request = Request::new("").variables(variables);
        // Any will do: rules look at all operations.
        let first = document.operations.iter().next().and_then(|(name, _)| name.cloned());
        request.operation_name = first.map(|name| name.to_string());
        request.set_parsed_query(document);
        let mut errors = self.0.execute(request).await.errors;
        if errors.is_empty() {
            return Ok(());
        }
        errors.iter_mut().for_each(error::invalid);
        Err(errors)
    }
}

struct NeverExecute;

impl ExtensionFactory for NeverExecute {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for NeverExecute {
    async fn execute(
        &self,
        _context: &ExtensionContext<'_>,
        _operation: Option<&str>,
        _next: NextExecute<'_>,
    ) -> Response {
        Response::default()
    }
}
