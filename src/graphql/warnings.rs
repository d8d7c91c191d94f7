//! What did not work and fails nothing: told in the answer's `extensions.warnings`.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Response, Value, value};

use super::error::Failure;

/// The warnings of one request.
#[derive(Clone, Default)]
pub(super) struct Warnings(Arc<Mutex<Vec<Value>>>);

impl Warnings {
    /// Adds one about the field that is being resolved.
    pub(super) fn add(ctx: &Context<'_>, message: String, failure: &Failure) {
        let Some(warnings) = ctx.data_opt::<Self>() else { return };
        let path = ctx.path_node.map(|node| node.to_string_vec()).unwrap_or_default();
        let code = failure.code().as_str();
        let warning = value!({ "message": message, "path": path, "extensions": { "code": code } });
        warnings.0.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// Writes them into the answer, if there are any.
    pub(super) fn tell(self, response: &mut Response) {
        let warnings = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if !warnings.is_empty() {
            response.extensions.insert("warnings".to_owned(), Value::List(warnings));
        }
    }
}
