//! Failures that fail no field: clients read them in `extensions.warnings`.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Response, Value, value};

use super::failure::Failure;
use super::request_id::RequestId;

/// The warnings of one request.
#[derive(Clone, Default)]
pub(super) struct Warnings(Arc<Mutex<Vec<Warning>>>);

struct Warning {
    path: Vec<String>,
    consequence: &'static str,
    failure: Failure,
}

impl Warnings {
    /// Adds a warning of the resolved field: a failure and its consequence.
    pub(super) fn add(ctx: &Context<'_>, consequence: &'static str, failure: Failure) {
        let Some(warnings) = ctx.data_opt::<Self>() else { return };
        let path = ctx.path_node.map(|node| node.to_string_vec()).unwrap_or_default();
        let warning = Warning { path, consequence, failure };
        warnings.0.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// Writes the warnings into a response, and logs their causes.
    pub(super) fn write(self, response: &mut Response, request: &RequestId) {
        let warnings = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if warnings.is_empty() {
            return;
        }
        let warnings = warnings.into_iter().map(|Warning { path, consequence, failure }| {
            failure.log(request);
            let message = format!("{consequence} {failure}");
            let code = failure.code.as_str();
            let extensions = match failure.cause {
                Some(_) => value!({ "code": (code), "requestId": (request.as_str()) }),
                None => value!({ "code": (code) }),
            };
            value!({ "message": message, "path": path, "extensions": (extensions) })
        });
        response.extensions.insert("warnings".to_owned(), Value::List(warnings.collect()));
    }
}
