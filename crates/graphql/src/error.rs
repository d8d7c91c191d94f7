//! Errors of responses: each gets its code, and causes inside the server are logged.
//!
//! Resolvers return a [`Failure`]; errors of async-graphql get the code of their stage. The log has the cause
//! with the request id; the client receives a fixed sentence. Neither contains query text or variables, and
//! the client receives no message of the database.

use std::collections::HashSet;

use async_graphql::{Response, ServerError};

use super::RequestId;
use super::argument_path::{ArgumentPaths, UnreadableArgument};
use super::disclosure::Disclosure;
use super::error_code::{ErrorCode, request_error, set};
use super::failure::{Failure, INTERNAL_MESSAGE};

/// The error of a request that a defect aborted.
pub fn internal_error(request: &RequestId) -> ServerError {
    let mut error = request_error(ErrorCode::InternalServerError, INTERNAL_MESSAGE);
    set(&mut error, "requestId", request.as_str());
    error
}

/// Names the argument of an error about a null that the argument does not accept.
fn name_null(error: &mut ServerError, arguments: &ArgumentPaths) -> bool {
    let Some(UnreadableArgument { path, is_null: true }) = arguments.of(error) else { return false };
    // Validation may find another error in the same argument.
    if error.path.is_empty()
        && !error.message.starts_with(&format!("Invalid value for argument \"{path}\", expected"))
    {
        return false;
    }
    error.message = format!("{path} must not be null: omit it to use its default");
    set(error, "argumentPath", &path);
    true
}

/// The reason in a message about an argument, without the types that were being read.
fn reason(message: &str) -> &str {
    let reason = message.split(" (occurred while parsing ").next().unwrap_or_default();
    reason
        .strip_prefix("Failed to parse ")
        .and_then(|reason| Some(reason.split_once(": ")?.1))
        .unwrap_or(reason)
}

/// The index of the first error about the size of the response.
pub(super) fn too_large(response: &Response) -> Option<usize> {
    let is_too_large = |error: &ServerError| {
        error.source::<Failure>().is_some_and(|failure| failure.code == ErrorCode::ResponseTooLarge)
    };
    response.errors.iter().position(is_too_large)
}

/// Sets the code of each error, conceals names of the schema, and logs causes.
pub(super) fn finish(
    errors: &mut Vec<ServerError>,
    request: &RequestId,
    disclosure: Disclosure,
    arguments: &ArgumentPaths,
) {
    let mut logged = HashSet::new();
    for error in &mut *errors {
        if ErrorCode::of(error).is_none() {
            let code = finish_one(error, request, disclosure, arguments, &mut logged);
            set(error, "code", code.as_str());
        }
    }
    disclosure.truncate(errors);
}

fn finish_one(
    error: &mut ServerError,
    request: &RequestId,
    disclosure: Disclosure,
    arguments: &ArgumentPaths,
    logged: &mut HashSet<String>,
) -> ErrorCode {
    if let Some(failure) = error.source::<Failure>().cloned() {
        if let Some(argument) = &failure.argument {
            set(error, "argumentPath", argument);
        }
        if let Some(cause) = &failure.cause {
            set(error, "requestId", request.as_str());
            // An outage fails all relations of a level: log it once a response.
            if logged.insert(cause.clone()) {
                failure.log(request);
            }
        }
        return failure.code;
    }
    if error.source.is_some() {
        // No resolver wraps a foreign error, so this one is a defect.
        tracing::error!(request.id = %request, "a resolver failed with an unmapped error");
        error.message = INTERNAL_MESSAGE.to_owned();
        set(error, "requestId", request.as_str());
        return ErrorCode::InternalServerError;
    }
    if name_null(error, arguments) {
        return ErrorCode::BadUserInput;
    }
    disclosure.apply(error);
    if error.path.is_empty() {
        // Errors of validation have no path.
        return ErrorCode::GraphqlValidationFailed;
    }
    // Of resolvers, only the reading of an argument fails without a source.
    if let Some(argument) = arguments.of(error) {
        error.message = format!("{} is invalid: {}", argument.path, reason(&error.message));
        set(error, "argumentPath", &argument.path);
    }
    ErrorCode::BadUserInput
}
