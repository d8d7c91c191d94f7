//! Errors outside of GraphQL's execution, in the shape of GraphQL's errors, so that clients parse one kind.

use async_graphql::ServerError;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::graphql::{ErrorCode, RequestId, internal_error, request_error};

/// The body of a response without data.
#[derive(Serialize)]
pub(super) struct Errors<'a> {
    pub(super) errors: &'a [ServerError],
}

/// An error with a status of its own.
#[derive(Debug)]
pub(super) struct HttpError {
    status: StatusCode,
    error: Box<ServerError>,
    /// A header that belongs to the status.
    header: Option<(HeaderName, HeaderValue)>,
}

/// The reason that an operation does not run.
pub(super) enum OperationRejection {
    /// The request is malformed or not admitted, and has a status of its own.
    Request(HttpError),
    /// The operation is invalid, and is answered with its errors.
    Operation(Vec<ServerError>),
}

impl OperationRejection {
    pub(super) fn errors(&self) -> &[ServerError] {
        match self {
            Self::Request(error) => std::slice::from_ref(error.graphql()),
            Self::Operation(errors) => errors,
        }
    }
}

impl From<HttpError> for OperationRejection {
    fn from(error: HttpError) -> Self {
        Self::Request(error)
    }
}

impl HttpError {
    pub(super) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, error: Box::new(request_error(code, message)), header: None }
    }

    /// Returns the error with a header.
    pub(super) fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// Returns the error with the time to retry after, in its extensions as well: WebSockets have no headers.
    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        let extensions = self.error.extensions.get_or_insert_default();
        extensions.set("retryAfter", seconds);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// A malformed request.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
    }

    /// A defect; the log has its details under the id.
    pub(super) fn broken(id: &RequestId) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, error: Box::new(internal_error(id)), header: None }
    }

    /// Returns true if any request of this client would be rejected now.
    pub(super) fn is_of_the_client(&self) -> bool {
        let statuses = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        statuses.contains(&self.status)
    }

    /// The status of the response.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The error as GraphQL responses list it.
    pub(super) fn graphql(&self) -> &ServerError {
        &self.error
    }

    /// The error in responses without a status.
    pub(super) fn into_graphql(self) -> ServerError {
        *self.error
    }
}

impl IntoResponse for HttpError {
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
