//! Errors before GraphQL begins, in GraphQL's shape, so that clients read one kind of error.

use async_graphql::ServerError;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::graphql::{ErrorCode, RequestId, broken, refusal};

/// The body of an answer without data.
#[derive(Serialize)]
pub(super) struct Errors<'a> {
    pub(super) errors: &'a [ServerError],
}

/// A request that is refused before it is an operation.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: Box<ServerError>,
    /// A header that goes with the status.
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, error: Box::new(refusal(code, message)), header: None }
    }

    /// The same with a header that says what to do.
    pub(super) fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// The same with when to come again, for where there are no headers in the error as well.
    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        let extensions = self.error.extensions.get_or_insert_default();
        extensions.set("retryAfter", seconds);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// What the client sent is not a request.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
    }

    /// A defect, of which the log has more under this id.
    pub(super) fn broken(id: &RequestId) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, error: Box::new(broken(id)), header: None }
    }

    /// Whoever sends whatever is refused now: they may not, or not now.
    pub(super) fn is_not_of_the_request(&self) -> bool {
        let statuses = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        statuses.contains(&self.status)
    }

    /// The status that it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What is told of it.
    pub(super) fn error(&self) -> &ServerError {
        &self.error
    }

    /// The problem where there is no status to give it.
    pub(super) fn into_error(self) -> ServerError {
        *self.error
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors = [*self.error];
        let body = serde_json::to_vec(&Errors { errors: &errors }).expect("errors are JSON");
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status, headers, body).into_response();
        response.headers_mut().extend(self.header);
        response
    }
}
